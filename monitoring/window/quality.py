"""How good the champion's answers were, where it is known: with intervals, by segment, against its test and before."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from monitoring.window.figures import Finding, a_reading, difference, known, share
from monitoring.window.judged import Judged
from monitoring.window.segments import Groups
from understudy.bundle.manifest import Figure
from understudy.problem import ProblemSpec
from understudy.records import Reading
from understudy.statistics.bootstrap import Interval, Resample
from understudy.statistics.decisions import decision_costs
from understudy.statistics.metrics import log_losses

Figures = Mapping[str, Interval]
METRICS = {
    "roc_auc": "roc_auc",
    "pr_auc": "pr_auc",
    "brier": "brier",
    "log_loss": "log_loss",
    "calibration": "calibration_error",
    "cost": "cost_per_1000",
}
"""Name of each figure here, and in a bundle's manifest."""
BY_SEGMENT = ("roc_auc", "brier", "cost")
TENTHS = 10


def quality(
    rows: Judged, spec: ProblemSpec, tested: Mapping[str, Figure], before: Figures, groups: Groups = ()
) -> Finding:
    """Every figure of the labelled rows.

    Args:
        tested: the champion's figures on its test rows, as its manifest has them.
        before: figures of the window before; empty where there is none.
        groups: rows by segment, see ``segments.groups_of``.
    """
    known_rows = rows.labelled
    if len(known_rows) < spec.monitoring.smallest:
        return _too_few(len(known_rows), spec.monitoring.smallest)
    resample = known_rows.resample(spec)
    figures = measure(known_rows, spec, resample)
    readings = [a_reading(f"quality.{name}", figure, len(known_rows)) for name, figure in figures.items()]
    readings += _changes(figures, tested, len(known_rows))
    readings += [
        a_reading(f"quality.{name}.previous", difference(figures[name], before[name]), len(known_rows))
        for name in METRICS
        if name in before
    ]
    table = _by_segment(known_rows, groups, spec, resample)
    readings += [
        a_reading(f"quality.{name}.segment.{row['column']}={row['value']}", row[name], row["rows"])
        for row in table
        for name in BY_SEGMENT
    ]
    shown = [{**row, **{name: row[name].json() for name in BY_SEGMENT}} for row in table]
    details = {"reliability": reliability(known_rows, resample), "segments": shown, "tested": _plain(tested)}
    return Finding(tuple(readings), details)


def measure(rows: Judged, spec: ProblemSpec, resample: Resample) -> dict[str, Interval]:
    """The figures of ``METRICS`` on labelled rows, and ``rate``, the share of positives."""
    y, score = rows.y, rows.score
    return {
        "roc_auc": resample.roc_auc(y, score),
        "pr_auc": resample.average_precision(y, score),
        "brier": resample.ratio((score - y) ** 2),
        "log_loss": resample.ratio(log_losses(y, score)),
        "calibration": resample.calibration_error(y, score),
        "cost": resample.ratio(1000 * decision_costs(y, rows.decision, spec.costs)),
        "rate": resample.ratio(y),
    }


def previous(rows: Judged, spec: ProblemSpec) -> dict[str, Interval]:
    """Figures of an earlier window to compare with; none of too few rows."""
    known_rows = rows.labelled
    if len(known_rows) < spec.monitoring.smallest:
        return {}
    return measure(known_rows, spec, known_rows.resample(spec))


def reliability(rows: Judged, resample: Resample) -> list[dict[str, Any]]:
    """Mean score against the share that came true, in tenths of the rows."""
    edges = np.unique(np.quantile(rows.score, np.linspace(0, 1, TENTHS + 1)[1:-1]))
    tenth = np.searchsorted(edges, rows.score, side="right")
    return [
        {
            "rows": int(inside.sum()),
            "score": float(rows.score[inside].mean()),
            "rate": resample.take(inside).ratio(rows.y[inside]).json(),
        }
        for inside in (tenth == number for number in np.unique(tenth))
    ]


def _too_few(rows: int, smallest: int) -> Finding:
    about = f"{rows:,} labels have landed, and figures need {smallest:,}."
    return Finding(tuple(a_reading(f"quality.{name}", None, rows, about=about) for name in METRICS))


def _changes(figures: Figures, tested: Mapping[str, Figure], rows: int) -> list[Reading]:
    found = []
    for name, theirs in METRICS.items():
        figure = tested.get(theirs)
        if figure is not None and figure.value is not None:
            low, high = (figure.value if end is None else end for end in (figure.low, figure.high))
            change = difference(figures[name], Interval(figure.value, low, high))
            about = "against the test rows" + ("; larger on fewer rows by itself" if name == "calibration" else "")
            found.append(a_reading(f"quality.{name}.change", change, rows, about=about))
    return found


def _by_segment(rows: Judged, groups: Groups, spec: ProblemSpec, resample: Resample) -> list[dict[str, Any]]:
    found = []
    for group in groups:
        inside = group.rows[rows.places]
        if inside.sum() < spec.evaluation.smallest_segment:
            continue
        some, drawn = rows.where(inside), resample.take(inside)
        found.append(
            {
                "column": group.column,
                "value": group.value,
                "rows": len(some),
                "rate": known(share(float(some.y.sum()), len(some))),
                "score": float(some.score.mean()),
                "roc_auc": drawn.roc_auc(some.y, some.score),
                "brier": drawn.ratio((some.score - some.y) ** 2),
                "cost": drawn.ratio(1000 * decision_costs(some.y, some.decision, spec.costs)),
            }
        )
    return found


def _plain(tested: Mapping[str, Figure]) -> dict[str, Any]:
    return {name: tested[theirs].model_dump() for name, theirs in METRICS.items() if theirs in tested}
