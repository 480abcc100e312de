"""A bundle that is ready to answer: verified, of this checkout's features, warm."""

import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.errors import ModelFailed
from understudy.bundle import Bundle, Manifest
from understudy.bundle.columns import tensors
from understudy.errors import BundleError

FloatArray = NDArray[np.float32]
Array = NDArray[Any]

WARM_ROWS = (1, 16, 64, 1)
INLINE_SECONDS = 0.002
"""Longest time that scoring may hold the event loop."""
SLACK = 1e-5
"""Difference that another processor's float32 sums may make."""
ANOTHER = "Deploy another version, or build this one again with `understudy train`."


class LoadedModel:
    """One version in memory. Safe to score from several threads."""

    def __init__(self, bundle: Bundle, version: int) -> None:
        self.bundle, self.version = bundle, version
        self.manifest: Manifest = bundle.manifest
        self.digest = bundle.digest
        self.threshold = bundle.manifest.threshold
        self.inline_rows = WARM_ROWS[-2]
        """Most rows that are scored without leaving the event loop; measured by ``warm``."""

    @classmethod
    def load(cls, folder: Path, version: int, digest: str, code_hash: str | None) -> "LoadedModel":
        """Verify the bundle in ``folder`` and make it ready.

        Args:
            digest: what the deployment pins.
            code_hash: of this checkout's features, see ``understudy.features.code``; none for a model that will only
                be given inputs that were made when it served.

        Raises:
            BundleError: it is damaged, another one than pinned, of other features, or does not score its own example.
        """
        bundle = Bundle.load(folder)
        if bundle.digest != digest:
            raise BundleError(
                f"The bundle at {folder} is refused: its digest is {bundle.digest[:12]}, and version {version} "
                f"was deployed as {digest[:12]}.",
                "Fetch it again, or deploy the version again.",
            )
        made_by = bundle.manifest.features.code_hash
        if code_hash is not None and made_by != code_hash:
            raise BundleError(
                f"Version {version} is refused: its features were made by other code ({made_by[:12]}) than this "
                f"server has ({code_hash[:12]}).",
                "Run the server from a checkout with the views and feature functions that it was trained with.",
            )
        model = cls(bundle, version)
        model.warm()
        return model

    def score(self, numbers: Array | None, categories: Array | None, options: Any = None) -> FloatArray:
        """Probability of the positive class: see ``Scorer.score``.

        Raises:
            ModelFailed: the model fails at run time, or gives what is no probability.
        """
        try:
            scores = (
                self.bundle.score(numbers, categories) if options is None else self._ended(numbers, categories, options)
            )
        except Exception as error:  # onnxruntime raises a dozen unrelated classes here
            raise ModelFailed(f"Version {self.version} cannot score: {str(error).strip()}.", ANOTHER) from error
        if not (scores.min(initial=0.0) >= 0 and scores.max(initial=0.0) <= 1):
            raise ModelFailed(f"Version {self.version} gave a score that is no probability.", ANOTHER)
        return scores

    def _ended(self, numbers: Array | None, categories: Array | None, options: Any) -> FloatArray:
        return self.bundle.scorer.score(numbers, categories, options)

    def warm(self) -> None:
        """Score the manifest's example in several sizes, and learn how long that takes.

        Raises:
            BundleError: the model cannot run, or gives its own example another score than the manifest says.
        """
        example, inputs = self.manifest.example, self.manifest.inputs
        columns = dict(zip(inputs.number_names, example.numbers, strict=True))
        values: dict[str, Any] = columns | dict(zip(inputs.category_names, example.categories, strict=True))
        slowest = 0.0
        for rows in WARM_ROWS:
            tensor = tensors(inputs, {name: [value] * rows for name, value in values.items()})
            scores = self.score(*tensor)
            start = time.perf_counter()
            self.score(*tensor)
            slowest = (time.perf_counter() - start) / rows
            if len(scores) != rows or np.abs(scores - example.score).max() > self.manifest.parity.tolerance + SLACK:
                raise BundleError(
                    f"Version {self.version} is refused: it scores its own example {scores[0]:.6f}, and its manifest "
                    f"says {example.score:.6f}.",
                    ANOTHER,
                )
            if rows == max(WARM_ROWS):
                self.inline_rows = max(1, int(INLINE_SECONDS / max(slowest, 1e-9)))


def run_options() -> Any:
    """By whose ``terminate`` another thread ends a run."""
    import onnxruntime

    return onnxruntime.RunOptions()
