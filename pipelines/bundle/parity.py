"""Whether the compiled model gives what the trained one gives, on rows that it has not learned from."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.models.frame import Floats, Rows
from understudy.bundle import Scorer
from understudy.bundle.manifest import Parity
from understudy.errors import BundleError
from understudy.problem import ProblemSpec

TOLERANCE = 5e-5
"""Largest accepted difference of two scores. Sums of hundreds of trees in float32 reach 1.5e-5 on wide frames; a row
that takes a wrong branch differs by a hundred times that."""
SPOILED_ROWS = 200
UNSEEN = "\N{REPLACEMENT CHARACTER} unseen"
LISTED = 5


def check_parity(model: Any, scorer: Scorer, held_out: Rows, threshold: float, spec: ProblemSpec) -> Parity:
    """Compare the scores of both models on held-out rows, and on copies with values missing and never seen.

    Args:
        model: the trained pipeline.
        held_out: the validation rows.
        threshold: a row is flagged where its score is at least this.

    Raises:
        BundleError: scores differ by more than ``TOLERANCE``, or a row further than that from the threshold is
            decided differently; the message lists rows.
    """
    frame, ids = spoil(held_out, spec)
    trained = np.asarray(model.predict_proba(frame)[:, 1], dtype=np.float64)
    compiled = score_frame(scorer, frame, spec).astype(np.float64)
    difference = _difference(trained, compiled)
    flipped = (trained >= threshold) != (compiled >= threshold)
    wrong = (difference > TOLERANCE) | (flipped & (np.abs(trained - threshold) > TOLERANCE))
    if wrong.any():
        raise _mismatch(spec.name, ids, trained, compiled, wrong)
    return Parity(
        rows=len(frame),
        max_difference=float(f"{difference.max():.2g}"),
        tolerance=TOLERANCE,
        decisions_changed=int(flipped.sum()),
    )


def spoil(rows: Rows, spec: ProblemSpec) -> tuple[pd.DataFrame, NDArray[Any]]:
    """The rows, then copies of the first without numbers, without categories, and with categories never seen."""
    head, numbers, categories = rows.frame.head(SPOILED_ROWS), list(spec.numbers), list(spec.categories)
    copies = [
        *([head.assign(**dict.fromkeys(numbers, np.float32("nan")))] if numbers else []),
        *([head.assign(**dict.fromkeys(categories, value)) for value in ("", UNSEEN)] if categories else []),
        *(head.assign(**{name: np.float32("nan")}).head(1) for name in numbers),
    ]
    ids = [rows.ids.astype(str), *(np.char.add(rows.ids[: len(copy)].astype(str), " (altered)") for copy in copies)]
    return pd.concat([rows.frame, *copies], ignore_index=True), np.concatenate(ids)


def score_frame(scorer: Scorer, frame: pd.DataFrame, spec: ProblemSpec) -> NDArray[np.float32]:
    """Score a model frame with the compiled model [rows]."""
    numbers = frame[list(spec.numbers)].to_numpy(np.float32) if spec.numbers else None
    categories = frame[list(spec.categories)].to_numpy(object) if spec.categories else None
    return scorer.score(numbers, categories)


def _mismatch(name: str, ids: NDArray[Any], trained: Floats, compiled: Floats, wrong: NDArray[Any]) -> BundleError:
    difference = _difference(trained, compiled)
    worst = [i for i in np.argsort(-difference, kind="stable") if wrong[i]][:LISTED]
    rows = "\n".join(f"  {ids[i]}: trained {trained[i]:.7f}, compiled {compiled[i]:.7f}" for i in worst)
    return BundleError(
        f"The compiled {name} model differs from the trained one on {int(wrong.sum())} of {len(ids)} held-out rows, "
        f"by up to {difference.max():.1e}; {TOLERANCE:.0e} is accepted. The worst:\n{rows}\n",
        "Nothing was bundled. Isotonic calibration is the usual cause: set training.calibration to sigmoid.",
    )


def _difference(trained: Floats, compiled: Floats) -> Floats:
    """Absolute difference of scores [rows]; infinite where either is not a number."""
    return np.nan_to_num(np.abs(trained - compiled), nan=np.inf)
