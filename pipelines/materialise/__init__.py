"""The materialise flow: the newest values of every view, from the validated tables to the feature store."""

from pipelines.materialise.newest import Materialised, compute, publish
from pipelines.materialise.start import materialise

__all__ = ["Materialised", "compute", "materialise", "publish"]
