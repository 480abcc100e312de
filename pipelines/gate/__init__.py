"""The gate: whether a bundle is good enough to replace the champion, one row for each check."""

from pipelines.gate.judge import judge

__all__ = ["judge"]
