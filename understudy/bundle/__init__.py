"""The deployable artifact: one compiled model and all that is known about it, pinned by content.

Needs numpy, pydantic and, once it scores, onnxruntime; neither scikit-learn nor pandas.
"""

from understudy.bundle.manifest import FILES, MANIFEST, MODEL, Manifest
from understudy.bundle.read import Bundle
from understudy.bundle.scorer import Scorer

__all__ = ["FILES", "MANIFEST", "MODEL", "Bundle", "Manifest", "Scorer"]
