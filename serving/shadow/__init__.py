"""Versions that score the same requests beside the live ones, in a process of their own."""

from serving.shadow.pool import Shadows

__all__ = ["Shadows"]
