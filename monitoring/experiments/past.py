"""The champion's own answers before an experiment: what the sample size follows from."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from monitoring.experiments.outcomes import Outcomes, outcomes_of
from monitoring.experiments.plan import Past, Segment
from monitoring.experiments.rails import moments
from understudy.errors import DataError
from understudy.ports import Ledger
from understudy.problem import ProblemSpec
from understudy.records import Placed
from understudy.statistics.metrics import FloatArray

FEWEST = 200
"""Labelled units below which nothing is planned."""
DAY = timedelta(days=1)


@dataclass(frozen=True)
class History:
    """The champion's labelled answers of a span, and how many units came in it, labelled or not."""

    outcomes: Outcomes
    units: int
    span: timedelta

    @property
    def units_per_day(self) -> float:
        return self.units / max(self.span / DAY, 1 / 24)

    def past(self, covariate: FloatArray | None = None) -> Past:
        """
        Args:
            covariate: of each row.
        """
        known = moments(self.outcomes, covariate)
        first, last = self.outcomes.moment.min(), self.outcomes.moment.max()
        return Past(
            since=first.item(),
            until=last.item(),
            decisions=len(self.outcomes),
            units=known.units,
            mean=known.ratio,
            deviation=known.deviation,
            units_per_day=self.units_per_day,
        )

    def segments(self, columns: tuple[str, ...], least: float, most: int) -> tuple[Segment, ...]:
        """The values of some columns that come in at least this share of the rows, the commonest first, up to most."""
        found = []
        for column in columns:
            values, counts = np.unique(
                np.array([str(value) for value in self.outcomes.columns[column]]), return_counts=True
            )
            found += [(count, column, str(value)) for value, count in zip(values, counts.tolist(), strict=True)]
        frequent = sorted((row for row in found if row[0] >= least * len(self.outcomes)), reverse=True)[:most]
        return tuple(Segment(column=column, value=value) for _, column, value in frequent)


def read_history(
    ledger: Ledger, spec: ProblemSpec, champion: Placed, span: timedelta, columns: tuple[str, ...]
) -> History:
    """What the champion answered in the newest ``span`` of the problem's clock, whatever it was deployed as.

    Args:
        columns: of the request or of the inputs, that are kept beside.

    Raises:
        DataError: there are too few labelled answers, or they all cost the same.
    """
    now = ledger.clock(spec.name)
    rows: list[dict[str, Any]] = []
    units: set[str] = set()
    if now is not None:
        for chunk in ledger.window(spec.name, now - span, now + timedelta(seconds=1), now + span):
            mine = [row for row in chunk if row["standing"] == "live" and not row["fallback"]]
            units |= {str(row["unit"] or row["key"] or row["id"]) for row in mine}
            rows += [_brief(row, champion, columns) for row in mine if _counts(row, champion)]
    outcomes = outcomes_of(rows, spec.costs)
    outcomes = Outcomes(**{**vars(outcomes), "columns": {name: [row[name] for row in rows] for name in columns}})
    _require(outcomes, spec, champion)
    first, last = outcomes.moment.min().item(), outcomes.moment.max().item()
    return History(outcomes, len(units), last - first)


def _counts(row: dict[str, Any], champion: Placed) -> bool:
    return row["version"] == champion.version and row["label"] is not None and row["score"] is not None


def _brief(row: dict[str, Any], champion: Placed, columns: tuple[str, ...]) -> dict[str, Any]:
    """Decided as the champion decides today."""
    at = row["threshold"] if champion.threshold is None else champion.threshold
    kept = {name: value for name, value in row.items() if name not in ("request", "inputs")}
    known = {name: row["request"].get(name, row["inputs"].get(name)) for name in columns}
    return {**known, **kept, "decision": row["score"] >= at}


def _require(outcomes: Outcomes, spec: ProblemSpec, champion: Placed) -> None:
    units = len(set(outcomes.unit.tolist()))
    if units < FEWEST:
        raise DataError(
            f"The ledger holds {units:,} labelled units of the champion {spec.name}/{champion.version}, and a sample "
            f"size takes {FEWEST:,}.",
            "Wait for labels, look further back with --history, or send recorded history with `understudy replay`.",
        )
    if float(np.ptp(outcomes.cost)) == 0:
        raise DataError(
            f"All {len(outcomes):,} labelled decisions of {spec.name}/{champion.version} cost the same.",
            "Look further back with --history.",
        )
