"""Weak segments that nobody named: found on validation by a shallow tree, then tested on the test rows.

The tree is grown on each row's *excess loss*: its log loss less the loss that the model itself expects there, which is
the entropy of its score. Where probabilities are true the excess is zero on average, whatever the share of positives,
so a slice of high excess is one where the model is wrong rather than one that is hard.
"""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.tree import DecisionTreeRegressor

from pipelines.evaluate.evidence import Evidence, Judged
from pipelines.evaluate.page import Figures, Grid, Note, Section, fixed, with_interval
from pipelines.evaluate.segments import judge_slice
from pipelines.evaluate.style import DASH, plain
from pipelines.models.frame import Floats
from understudy.problem import ProblemSpec
from understudy.statistics.metrics import log_losses

DEPTH = 3
VALUES = 12
"""Values of each category that a slice may be made of."""
SURE = 0.05


def weak_segments(evidence: Evidence) -> list[dict[str, Any]]:
    """Slices that lose more than they should on validation, worst first, with what the test rows say of them.

    Each has ``rule``, the ``excess`` over the rest on both parts in nats, ``p`` (one-sided, block bootstrap, adjusted
    for the number of slices by Holm 1979) and ``confirmed``.
    """
    names, (seen, unseen) = _columns(evidence)
    excess = excess_loss(evidence.validation)
    tree = DecisionTreeRegressor(max_depth=DEPTH, min_samples_leaf=_smallest(evidence), random_state=evidence.spec.seed)
    leaves, landed = tree.fit(seen, excess).apply(seen), tree.apply(unseen)
    found = []
    for leaf in np.unique(leaves):
        here = excess[leaves == leaf].mean() - excess[leaves != leaf].mean() if (leaves != leaf).any() else 0.0
        inside = np.flatnonzero(landed == leaf)
        if here > 0 and len(inside):
            rule = describe(tree.tree_, int(leaf), names)
            found.append(
                {
                    "rule": rule,
                    "found": {"excess": float(here), "rows": int((leaves == leaf).sum())},
                    **_test(evidence.test, inside, evidence.spec),
                }
            )
    adjusted = holm([row["p"] for row in found])
    judged = [row | {"p": p, "confirmed": p < SURE} for row, p in zip(found, adjusted, strict=True)]
    return sorted(judged, key=lambda row: -row["found"]["excess"])


def excess_loss(part: Judged) -> Floats:
    """Log loss less the entropy of the score, in nats [rows]."""
    always, never = log_losses(np.ones_like(part.y), part.score), log_losses(np.zeros_like(part.y), part.score)
    entropy: Floats = part.score * always + (1 - part.score) * never
    return log_losses(part.y, part.score) - entropy


def holm(p: list[float]) -> list[float]:
    """P values adjusted so that the chance of any false find stays at its level (Holm 1979)."""
    order = np.argsort(p, kind="stable")
    adjusted = np.maximum.accumulate([min(1.0, (len(p) - place) * p[index]) for place, index in enumerate(order)])
    return [float(adjusted[place]) for place in np.argsort(order, kind="stable")]


def _smallest(evidence: Evidence) -> int:
    return max(min(evidence.spec.evaluation.smallest_segment, len(evidence.validation.y) // 5), 1)


def _test(test: Judged, inside: Any, spec: ProblemSpec) -> dict[str, Any]:
    """Excess of the slice over the rest of the test rows, and how often resamples have none."""
    excess, member = excess_loss(test), np.zeros(len(test.y))
    member[inside] = 1.0
    resample = test.resample
    gap = resample.ratios(excess * member, member) - resample.ratios(excess * (1 - member), 1 - member)
    gap = gap[~np.isnan(gap)]
    value = excess[inside].mean() - (excess[member == 0].mean() if len(inside) < len(member) else 0.0)
    return {
        **judge_slice(test, inside, spec),
        "excess": float(value),
        "p": float((1 + (gap <= 0).sum()) / (1 + len(gap))),
    }


def _columns(evidence: Evidence) -> tuple[list[tuple[str, str | None]], list[Floats]]:
    """Numbers as they are and one column for each common value of a category, for validation and test."""
    spec, frames = evidence.spec, [evidence.validation.rows.frame, evidence.test.rows.frame]
    named: list[tuple[str, str | None]] = [(name, None) for name in spec.numbers]
    for name in spec.categories:
        counts = frames[0][name].value_counts()
        named += [(name, value) for value in sorted(counts.index, key=lambda value: (-counts[value], value))[:VALUES]]
    return named, [_matrix(frame, named) for frame in frames]


def _matrix(frame: pd.DataFrame, named: list[tuple[str, str | None]]) -> Floats:
    return np.column_stack([frame[name] if value is None else frame[name] == value for name, value in named]).astype(
        np.float64
    )


def describe(tree: Any, leaf: int, names: list[tuple[str, str | None]]) -> str:
    """The path to a leaf in words, with the limits on one column drawn together."""
    above: dict[str, float] = {}
    below: dict[str, float] = {}
    words: list[str] = []
    node = leaf
    while node != 0:
        parent = int(np.flatnonzero((tree.children_left == node) | (tree.children_right == node))[0])
        (name, value), limit, left = (
            names[tree.feature[parent]],
            float(tree.threshold[parent]),
            tree.children_left[parent] == node,
        )
        if value is not None:
            words.append(f"{name} {'is not' if left else 'is'} {value or 'missing'}")
        elif left:
            below[name] = min(limit, below.get(name, np.inf))
        else:
            above[name] = max(limit, above.get(name, -np.inf))
        node = parent
    return " and ".join([*_limits(above, below), *sorted(words)])


def _limits(above: dict[str, float], below: dict[str, float]) -> list[str]:
    both = sorted(set(above) & set(below))
    return [
        *(f"{plain(above[name])} < {name} ≤ {plain(below[name])}" for name in both),
        *(f"{name} > {plain(limit)}" for name, limit in sorted(above.items()) if name not in both),
        *(f"{name} ≤ {plain(limit)}" for name, limit in sorted(below.items()) if name not in both),
    ]


def weak_section(figures: Figures) -> Section:
    found = figures["weak_segments"]
    rows = [
        [
            row["rule"],
            f"{row['rows']:,}",
            f"{row['found']['excess']:+.3f}",
            f"{row['excess']:+.3f}",
            f"{row['p']:.3f}",
            "confirmed" if row["confirmed"] else "not confirmed",
            with_interval(row["roc_auc"]),
            fixed(row["cost_per_1000"]["value"]) if row["cost_per_1000"] else DASH,
        ]
        for row in found
    ]
    sure = sum(row["confirmed"] for row in found)
    says = f"{sure} of {len(found)} suspects are confirmed at 5 % after correction for looking at {len(found)}."
    header = ["Slice", "Test rows", "Excess, validation", "Excess, test", "p", "Verdict", "ROC AUC", "Cost per 1,000"]
    read = (
        "Slices of the inputs where validation rows lost more than the model's own probabilities lead one to expect, "
        "found by a tree of depth 3; excess is log loss beyond that, over the rest of the rows. A slice found by "
        "search always looks bad where it was found, so each was then tested on the test rows, which the search did "
        "not see."
    )
    blocks = (
        [Grid("Suspects and verdicts", header, rows, read, says)] if rows else [Note("The search found no weak slice.")]
    )
    return Section(
        "weak", "Weak spots nobody named", "A search for slices where the model is wrong, not merely unsure.", blocks
    )
