"""Local reasons: how much each input of one row moved its score, in the score's own units.

Shapley values by sampling permutations (Štrumbelj & Kononenko 2014, "Explaining prediction models and individual
predictions with feature contributions", algorithm 1; as an additive explanation Lundberg & Lee 2017, "A unified
approach to interpreting model predictions"), on the compiled model itself. Inputs are taken for independent: those
left out have the values of another real row, whatever the others say.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.model import Array, FloatArray, LoadedModel
from understudy.bundle.columns import tensors
from understudy.bundle.manifest import ModelInput

PERMUTATIONS = 64
SEED = 0
TOLERANCE = 1e-6
"""Of base + contributions against the score, beyond the rounding of float32."""

Score = Callable[[Array | None, Array | None], FloatArray]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Contribution:
    """What one input added to the score."""

    feature: str
    value: float | str | None
    contribution: float
    unit: str
    about: str


@dataclass(frozen=True)
class Explanation:
    """``base`` and the contributions add up to ``score``, to within ``TOLERANCE``."""

    version: int
    score: float
    base: float
    """Mean score of the rows that the row was compared with."""
    threshold: float
    contributions: tuple[Contribution, ...]
    """The largest first, by size."""
    method: str
    background: int
    """How many rows it was compared with: of the training data, or 1 for the manifest's example."""


def explain(
    model: LoadedModel, numbers: Array | None, categories: Array | None, threshold: float | None = None
) -> Explanation:
    """Say what moved the score of one row (tensors of one row each); the same row gives the same reasons.

    Args:
        threshold: what the row was or would be decided at; default: the bundle's.

    Raises:
        ModelFailed: the model cannot score.
    """
    other_numbers, other_categories = _background(model)
    base, effects = shapley(model.score, (numbers, categories), (other_numbers, other_categories))
    values = [*_values(numbers), *(categories[0].tolist() if categories is not None else [])]
    items: tuple[ModelInput, ...] = model.manifest.inputs.numbers + model.manifest.inputs.categories
    found = [
        Contribution(item.name, value, float(effect), item.unit, item.about)
        for item, value, effect in zip(items, values, effects, strict=True)
    ]
    return Explanation(
        version=model.version,
        score=float(model.score(numbers, categories)[0]),
        base=base,
        threshold=model.threshold if threshold is None else threshold,
        contributions=tuple(sorted(found, key=lambda item: -abs(item.contribution))),
        method=f"Shapley values from {PERMUTATIONS} permutations",
        background=max(len(half) for half in (other_numbers, other_categories) if half is not None),
    )


def shapley(
    score: Score, row: tuple[Array | None, Array | None], background: tuple[Array | None, Array | None]
) -> tuple[float, Floats]:
    """Contributions of each column of both tensors, and the score that they start from.

    Each permutation walks from one row of the background to the row, an input at a time; permutations come in
    pairs of opposite order, which cancels much of the sampling error.

    Args:
        row: the tensors of one row.
        background: the tensors of at least one row.

    Returns:
        The mean score of the background rows as they were used, and the contributions, shape (columns,).
    """
    widths = [0 if half is None else half.shape[1] for half in row]
    columns = sum(widths)
    draw = np.random.default_rng(SEED)
    orders = np.array([draw.permutation(columns) for _ in range(PERMUTATIONS // 2)])
    orders = np.stack([orders, orders[:, ::-1]], axis=1).reshape(PERMUTATIONS, columns)
    # taken[p, step, column]: whether permutation p has the row's own value of the column after so many steps
    taken = np.argsort(orders, axis=1)[:, None, :] < np.arange(columns + 1)[None, :, None]
    halves = zip(row, background, (taken[..., : widths[0]], taken[..., widths[0] :]), strict=True)
    walks = score(*(_walk(own, other, chosen) for own, other, chosen in halves)).astype(np.float64)
    walks = walks.reshape(PERMUTATIONS, columns + 1)
    effects = np.zeros(columns)
    np.add.at(effects, orders, np.diff(walks, axis=1))
    return float(walks[:, 0].mean()), effects / PERMUTATIONS


def _walk(own: Array | None, other: Array | None, chosen: NDArray[np.bool_]) -> Array | None:
    """Rows of one tensor along all permutations, shape (permutations * (columns + 1), width)."""
    if own is None or other is None:
        return None
    start = other[np.arange(PERMUTATIONS) % len(other)][:, None, :]
    return np.asarray(np.where(chosen, own[0], start)).reshape(-1, own.shape[1])


def _background(model: LoadedModel) -> tuple[FloatArray | None, Array | None]:
    manifest = model.manifest
    names = manifest.inputs.number_names + manifest.inputs.category_names
    if manifest.reference:
        rows = [n + c for n, c in zip(manifest.reference.numbers, manifest.reference.categories, strict=True)]
    else:
        rows = [manifest.example.numbers + manifest.example.categories]
    columns: dict[str, list[Any]] = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    return tensors(manifest.inputs, columns)


def _values(numbers: Array | None) -> list[float | None]:
    return [] if numbers is None else [None if np.isnan(value) else float(value) for value in numbers[0]]
