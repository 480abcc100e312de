"""Where a shadow and the champion differ most: segments with intervals that hold all at once, and single requests."""

from typing import Any

import numpy as np
import pyarrow as pa

from monitoring.shadows.pairs import Pairs
from monitoring.window.figures import known
from monitoring.window.read import Rows
from monitoring.window.segments import Group, groups_of
from understudy.problem import ProblemSpec
from understudy.statistics.bootstrap import Interval, Resample
from understudy.statistics.metrics import FloatArray
from understudy.statistics.simultaneous import simultaneous

MOST = 12
EXAMPLES = 12


def segments(pairs: Pairs, live: Rows, spec: ProblemSpec, resample: Resample) -> dict[str, Any]:
    """Mean score difference, disagreement and cost difference by segment, the furthest from all rows first.

    Each column's intervals hold all at once with 95 %, so that looking at many segments finds none by chance alone.

    Returns:
        ``looked``, the number of segments; ``smallest``, the rows each has at least; ``rows``, the first of them.
    """
    smallest = spec.evaluation.smallest_segment
    groups = [group for group in groups_of(live, spec, pa.table({})) if group.rows[pairs.places].sum() >= smallest]
    if not groups:
        return {"looked": 0, "smallest": smallest, "rows": []}
    gaps, disagreements = (_figures(groups, pairs, values, resample) for values in (pairs.gap, pairs.disagree))
    costs = _costs(groups, pairs, spec, resample)
    whole = float(pairs.gap.mean())
    rows: list[dict[str, Any]] = [
        {
            "column": group.column,
            "value": group.value,
            "rows": int(group.rows[pairs.places].sum()),
            "gap": gap.json(),
            "stands_out": bool(gap.low > whole or gap.high < whole),
            "disagree": disagreement.json(),
            "dearer": cost.json() if cost else None,
        }
        for group, gap, disagreement, cost in zip(groups, gaps, disagreements, costs, strict=True)
    ]
    rows.sort(key=lambda row: (not row["stands_out"], -abs(row["gap"]["value"] - whole)))
    return {"looked": len(groups), "smallest": smallest, "rows": rows[:MOST]}


def examples(pairs: Pairs, live: Rows) -> list[dict[str, Any]]:
    """The requests about which the two differ most."""
    furthest = np.argsort(-np.abs(pairs.gap), kind="stable")[:EXAMPLES]
    requests = live.requests.take(pa.array(pairs.places[furthest])).to_pylist()
    answers = live.answers.select(["id", "key"]).take(pa.array(pairs.places[furthest])).to_pylist()
    return [
        {
            **answer,
            "moment": pairs.moment[place].item().isoformat(),
            "champion": float(pairs.theirs.score[place]),
            "shadow": float(pairs.ours.score[place]),
            "champion_flags": bool(pairs.theirs.decision[place]),
            "shadow_flags": bool(pairs.ours.decision[place]),
            "label": known(float(pairs.y[place])),
            "request": {name: value for name, value in request.items() if value is not None},
        }
        for place, answer, request in zip(furthest.tolist(), answers, requests, strict=True)
    ]


def _costs(groups: list[Group], pairs: Pairs, spec: ProblemSpec, resample: Resample) -> list[Interval | None]:
    """Of the segments that have enough labels; None for the others."""
    labelled = ~np.isnan(pairs.y)
    some, drawn = pairs.where(labelled), resample.take(labelled)
    enough = [group.rows[some.places].sum() >= spec.evaluation.smallest_segment for group in groups]
    there = [group for group, kept in zip(groups, enough, strict=True) if kept]
    found = iter(_figures(there, some, some.dearer(spec.costs), drawn) if there else ())
    return [next(found) if kept else None for kept in enough]


def _figures(groups: list[Group], pairs: Pairs, values: FloatArray, resample: Resample) -> tuple[Interval, ...]:
    masks = [group.rows[pairs.places].astype(np.float64) for group in groups]
    means = np.array([float(values[mask > 0].mean()) for mask in masks])
    drawn = np.column_stack([resample.ratios(values * mask, mask) for mask in masks])
    return simultaneous(means, drawn)
