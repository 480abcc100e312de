"""The same row on both sides of the split: learned by heart, then asked."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.probe.finding import Finding
from pipelines.probe.sample import Words

FEWEST = 10
"""Fewer shared rows than this are no evidence, whatever the share."""
COINCIDENCE = 0.25


def duplicates(
    ids: Words, parts: Words, hashes: Words, train_hashes: Words, y: NDArray[np.int64], limit: float
) -> list[Finding]:
    """Ids in two parts, and rows outside training whose inputs all equal a training row's.

    Args:
        ids, parts, hashes: [rows] of the assignment: id, name of the part, hash of the model inputs.
        train_hashes, y: [training rows] hash and target (0 or 1), to tell copies from coincidences.
        limit: largest accepted share of the rows outside training.
    """
    return [_ids(pd.DataFrame({"id": ids, "part": parts})), _rows(parts, hashes, coincidental(train_hashes, y), limit)]


def coincidental(hashes: Words, y: NDArray[np.int64]) -> bool:
    """Whether equal inputs are common by chance, as when there are few, coarse columns.

    Copies of one row agree on the target, different rows with the same inputs often do not: inputs count
    as coarse when equal training rows disagree at least a quarter as often as any two rows do.
    """
    groups = pd.factorize(hashes)[0]
    rows, positives = np.bincount(groups), np.bincount(groups, weights=y)
    pairs = (rows * (rows - 1) / 2).sum()
    differing = (positives * (rows - positives)).sum()
    expected = 2 * y.mean() * (1 - y.mean()) if len(y) else 0.0
    return bool(pairs and differing / pairs >= COINCIDENCE * expected)


def _ids(index: pd.DataFrame) -> Finding:
    shared = int(index.drop_duplicates()["id"].duplicated().sum())
    detail = f"{shared:,} of {len(index):,} ids stand in more than one part of the split."
    return Finding("duplicate_ids", "(row)", shared / max(1, len(index)), 0.0, shared > 0, detail)


def _rows(parts: Words, hashes: Words, coarse: bool, limit: float) -> Finding:
    train = parts == "train"
    shared = int(np.isin(hashes[~train], hashes[train]).sum())
    share = shared / max(1, int((~train).sum()))
    detail = f"{shared:,} of {int((~train).sum()):,} rows outside training have the inputs of a training row."
    if coarse:
        detail += " The inputs are coarse: equal rows differ in the target, so they are not copies."
    return Finding("duplicate_rows", "(row)", share, limit, share > limit and shared >= FEWEST and not coarse, detail)
