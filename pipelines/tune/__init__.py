"""The search: which candidate, with which parameters, by folds of the training rows alone."""

from pipelines.tune.stage import run

__all__ = ["run"]
