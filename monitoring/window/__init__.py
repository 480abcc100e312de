"""One window of traffic: read from the ledger into columns, and measured from all sides."""

from monitoring.window.read import Rows, Window, read_window

__all__ = ["Rows", "Window", "read_window"]
