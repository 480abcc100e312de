"""The stage ``evaluate``: the test set is read once, here; what it shows becomes figures and one page."""

from pipelines.evaluate.stage import run

__all__ = ["run"]
