"""How decisions fall on protected groups: rates with intervals, and the gap between the furthest two."""

from typing import Any

import numpy as np
from markupsafe import Markup

from pipelines.evaluate import style
from pipelines.evaluate.evidence import Evidence, Judged
from pipelines.evaluate.grouping import group_rows
from pipelines.evaluate.page import Figures, Grid, Note, Picture, Section, percent, with_interval
from understudy.statistics.bootstrap import percentile_interval

RATES = {
    "selection_rate": "Flagged",
    "true_positive_rate": "Positives found",
    "false_positive_rate": "Negatives alarmed",
}
READ = (
    "Each dot is a group with its interval. Groups may differ in how often they are flagged because they differ in how "
    "often the outcome occurs; a difference in positives found has no such excuse."
)
FEWEST = 10
"""Positives and negatives that a group needs for rates among them."""


def by_group(evidence: Evidence) -> list[dict[str, Any]]:
    """Rates of each group of each protected column on the test rows; None where a group is too small."""
    found = []
    for column in evidence.spec.protected:
        groups, grouped = group_rows(evidence.test.table, column)
        for group in groups:
            inside = grouped == group
            sized = _size(evidence, inside)
            rates = {
                name: _rate(evidence.test, inside, name).json() if sized["large_enough"] else None for name in RATES
            }
            found.append({"column": column, "group": group, **sized, **rates})
    return found


def gaps(evidence: Evidence, groups: list[dict[str, Any]]) -> dict[str, Any]:
    """Difference in true-positive rate between the two furthest groups of each column, with its interval.

    The pair is fixed before resampling, so the interval can reach below zero when the groups are alike; taking the
    largest difference anew in each resample could not.
    """
    found: dict[str, Any] = {}
    for column in evidence.spec.protected:
        large = [row for row in groups if row["column"] == column and row["true_positive_rate"]]
        if len(large) < 2:
            found[column] = {"value": None, "low": None, "high": None, "why": "fewer than two groups are large enough"}
            continue
        ranked = sorted(large, key=lambda row: row["true_positive_rate"]["value"])
        low, high = ranked[0]["group"], ranked[-1]["group"]
        _, grouped = group_rows(evidence.test.table, column)
        drawn = [_drawn(evidence.test, grouped == group, "true_positive_rate") for group in (high, low)]
        value = ranked[-1]["true_positive_rate"]["value"] - ranked[0]["true_positive_rate"]["value"]
        found[column] = {**percentile_interval(value, drawn[0] - drawn[1]).json(), "highest": high, "lowest": low}
    return found


def _size(evidence: Evidence, inside: Any) -> dict[str, Any]:
    y = evidence.test.y[inside]
    positives, smallest = int(y.sum()), evidence.spec.evaluation.smallest_segment
    enough = len(y) >= smallest and min(positives, len(y) - positives) >= FEWEST
    return {"rows": len(y), "positives": positives, "large_enough": enough}


def _parts(part: Judged, inside: Any, name: str) -> tuple[Any, Any]:
    """Flagged rows and the rows that the rate is a share of [rows]."""
    base = {"selection_rate": np.ones(len(part.y)), "true_positive_rate": part.y, "false_positive_rate": 1 - part.y}[
        name
    ]
    return part.decision * base * inside, base * inside


def _rate(part: Judged, inside: Any, name: str) -> Any:
    return part.resample.ratio(*_parts(part, inside, name))


def _drawn(part: Judged, inside: Any, name: str) -> Any:
    return part.resample.ratios(*_parts(part, inside, name))


def fairness_section(figures: Figures) -> Section:
    blocks: list[Picture | Grid | Note] = []
    for column, gap in figures["fairness_gap"].items():
        rows = [row for row in figures["fairness"] if row["column"] == column]
        large = [row for row in rows if row["large_enough"]]
        if large:
            blocks.append(
                Picture(f"Rates by {column}", draw_groups(large, column), READ, say_gap(column, gap), wide=True)
            )
        blocks.append(_table(column, rows, figures["smallest_segment"]))
    if not figures["fairness_gap"]:
        blocks.append(
            Note("No column of this problem is marked as protected, so there is nothing to compare by group.")
        )
    return Section(
        "fairness", "How it treats groups", "Decisions at the chosen threshold, by protected column.", blocks
    )


def say_gap(column: str, gap: Figures) -> str:
    if gap["value"] is None:
        return f"No gap by {column} is given: {gap['why']}."
    sure = gap["low"] is not None and gap["low"] > 0
    return (
        f"Of the positives, {gap['highest']} are found {100 * gap['value']:.1f} points more often than {gap['lowest']} "
        f"(interval {percent(gap['low'])} to {percent(gap['high'])}): {'beyond' if sure else 'not beyond'} chance."
    )


def _table(column: str, rows: list[Figures], smallest: int) -> Grid:
    small = [row["group"] for row in rows if not row["large_enough"]]
    cells = [
        [
            row["group"],
            f"{row['rows']:,}",
            percent(row["positives"] / max(row["rows"], 1)),
            *(with_interval(row[name]) if row["large_enough"] else "too small" for name in RATES),
        ]
        for row in rows
    ]
    says = f"Too small to judge (under {smallest} rows, or {FEWEST} of a class): {', '.join(small)}." if small else ""
    return Grid(f"Groups of {column}", [column, "Rows", "Positive", *RATES.values()], cells, "", says)


@style.themed
def draw_groups(rows: list[Figures], column: str) -> Markup:
    figure, panels = style.new_figure((9.6, 1.3 + 0.28 * len(rows)), 1, 3, sharey=True)
    for axes, (name, title) in zip(panels, RATES.items(), strict=True):
        style.draw_ranges(axes, [row[name] for row in rows])
        axes.set_title(title)
        style.percent_axis(axes.xaxis)
        axes.locator_params(axis="x", nbins=5)
    style.name_rows(panels[0], [row["group"] for row in rows])
    return style.to_svg(figure, f"fairness-{column}", f"Rates of decisions by {column}")
