"""The fit: the chosen candidate on all training rows, calibrated, with the threshold that costs least."""

from pipelines.train.stage import run

__all__ = ["run"]
