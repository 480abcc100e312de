"""Training again as of a moment: the same stages on what was known then, judged against the champion."""

from pipelines.retrain.retraining import RetrainResult, retrain

__all__ = ["RetrainResult", "retrain"]
