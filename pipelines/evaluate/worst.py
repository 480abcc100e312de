"""The test rows that the model was most sure and most wrong about."""

from typing import Any

import numpy as np

from pipelines.evaluate.evidence import Evidence
from pipelines.evaluate.page import Figures, Grid, Section, count, percent
from pipelines.evaluate.style import plain
from pipelines.models.frame import Index

EACH = 8
FEATURES = 5


def worst_errors(evidence: Evidence, features: list[str]) -> list[dict[str, Any]]:
    """The lowest-scored misses and the highest-scored false alarms, with their values of the main inputs."""
    test = evidence.test
    ranked = np.argsort(test.score, kind="stable")
    missed = ranked[(test.y[ranked] == 1) & (test.decision[ranked] == 0)][:EACH]
    alarmed = ranked[::-1][(test.y[ranked[::-1]] == 0) & (test.decision[ranked[::-1]] == 1)][:EACH]
    return [*_rows(evidence, missed, "missed", features), *_rows(evidence, alarmed, "false alarm", features)]


def _rows(evidence: Evidence, places: Index, kind: str, features: list[str]) -> list[dict[str, Any]]:
    frame, rows = evidence.test.rows.frame, evidence.test.rows
    return [
        {
            "kind": kind,
            "id": str(rows.ids[place]),
            "time": None if rows.event_time is None else str(rows.event_time[place].astype("datetime64[m]")),
            "score": float(evidence.test.score[place]),
            "values": {name: _value(frame[name].iloc[place]) for name in features[:FEATURES]},
        }
        for place in places
    ]


def _value(value: Any) -> Any:
    if isinstance(value, str):
        return value
    return None if np.isnan(value) else round(float(value), 6)


def worst_section(figures: Figures) -> Section:
    kinds = (("missed", "Missed with most confidence"), ("false alarm", "Alarmed with most confidence"))
    blocks = [_grid(title, [row for row in figures["worst_errors"] if row["kind"] == kind]) for kind, title in kinds]
    lead = "Read these one by one: a pattern here is a feature to add, or a label to doubt."
    return Section("worst", "Its worst errors", lead, [block for block in blocks if block.rows])


def _grid(title: str, rows: list[Figures]) -> Grid:
    if not rows:
        return Grid(title, [], [])
    names = list(rows[0]["values"])
    dated = rows[0]["time"] is not None
    cells = [
        [
            row["id"],
            *([row["time"].replace("T", " ").removesuffix(" 00:00")] if dated else []),
            percent(row["score"]),
            *(_cell(row["values"][name]) for name in names),
        ]
        for row in rows
    ]
    says = (
        f"{count(len(rows), 'row')}, scored {percent(rows[0]['score'])} at the extreme; beside each the inputs that "
        "matter most."
    )
    return Grid(title, ["Row", *(["Time"] if dated else []), "Score", *names], cells, "", says, texts=2 if dated else 1)


def _cell(value: Any) -> str:
    return (value or "missing") if isinstance(value, str) else plain(value)
