"""The same figures by segment: carriers, hours, ages; whatever the problem's YAML names."""

from typing import Any

import numpy as np
from markupsafe import Markup

from pipelines.evaluate import style
from pipelines.evaluate.evidence import Evidence, Judged
from pipelines.evaluate.grouping import group_rows
from pipelines.evaluate.page import Figures, Grid, Note, Picture, Section, percent, with_interval
from understudy.problem import ProblemSpec
from understudy.problem.decision import Costs
from understudy.statistics.decisions import decision_costs

COLUMNS_UNLESS_NAMED = 3
SMALL_NAMED = 12


def segment_columns(spec: ProblemSpec) -> tuple[str, ...]:
    """Columns that figures are broken down by: those of the YAML, else the first few categories."""
    return spec.evaluation.segments or spec.categories[:COLUMNS_UNLESS_NAMED]


def by_segment(evidence: Evidence) -> list[dict[str, Any]]:
    """One row for each value or bin of each segment column; figures are None below the smallest size."""
    found = []
    for column in segment_columns(evidence.spec):
        groups, grouped = group_rows(evidence.test.table, column)
        for group in groups:
            inside = np.flatnonzero(grouped == group)
            found.append({"column": column, "value": group, **judge_slice(evidence.test, inside, evidence.spec)})
    return found


def judge_slice(part: Judged, inside: Any, spec: ProblemSpec) -> dict[str, Any]:
    """Size, share of positives, mean score, ROC AUC and cost of some rows of a part."""
    y, score = part.y[inside], part.score[inside]
    figures: dict[str, Any] = {
        "rows": len(inside),
        "positives": int(y.sum()),
        "score": float(score.mean()) if len(inside) else None,
        "roc_auc": None,
        "cost_per_1000": None,
        "large_enough": len(inside) >= spec.evaluation.smallest_segment,
    }
    if figures["large_enough"]:
        resample = part.resample.take(inside)
        figures["roc_auc"] = resample.roc_auc(y, score).json()
        figures["cost_per_1000"] = resample.ratio(_costs(part, inside, spec.costs)).json()
    return figures


def _costs(part: Judged, inside: Any, costs: Costs) -> Any:
    return 1000 * decision_costs(part.y[inside], part.decision[inside], costs)


def segments_section(figures: Figures) -> Section:
    columns = list(dict.fromkeys(row["column"] for row in figures["segments"]))
    blocks: list[Picture | Grid | Note] = [_picture(figures, column) for column in columns if _shown(figures, column)]
    small = [row for row in figures["segments"] if not row["large_enough"]]
    if small:
        named = ", ".join(f"{row['column']} = {row['value']} ({row['rows']})" for row in small[:SMALL_NAMED])
        more = ", …" if len(small) > SMALL_NAMED else ""
        blocks.append(Note(f"Too few rows to judge, below {figures['smallest_segment']}: {named}{more}."))
    return Section(
        "segments",
        "Where it is good and where it is not",
        "Averages hide groups. Each line is the test rows of one value, with block-bootstrap intervals.",
        blocks,
    )


def _shown(figures: Figures, column: str) -> list[Figures]:
    return [row for row in figures["segments"] if row["column"] == column and row["large_enough"]]


def _picture(figures: Figures, column: str) -> Picture:
    rows = _shown(figures, column)
    return Picture(
        f"By {column}",
        draw_segments(rows, figures["test"], column),
        "The vertical line is the whole test set.",
        _say(rows, figures["test"]["roc_auc"]["value"]),
    )


def _say(rows: list[Figures], overall: float) -> str:
    ranked = [row for row in rows if row["roc_auc"] and row["roc_auc"]["high"] is not None]
    if not ranked:
        return "Nothing to rank: no value has rows of both classes."
    worst = min(ranked, key=lambda row: row["roc_auc"]["value"])
    below = worst["roc_auc"]["high"] < overall
    words = "below the whole beyond chance" if below else "not below the whole beyond chance"
    return (
        f"It ranks worst at {worst['value']}: {with_interval(worst['roc_auc'])}, {words}; {worst['rows']:,} rows, "
        f"{percent(worst['positives'] / worst['rows'])} positive."
    )


@style.themed
def draw_segments(rows: list[Figures], overall: Figures, column: str) -> Markup:
    figure, panels = style.new_figure((5.6, 1.35 + 0.25 * len(rows)), 1, 2, sharey=True)
    for axes, (metric, title) in zip(
        panels, (("roc_auc", "ROC AUC"), ("cost_per_1000", "Cost per 1,000")), strict=True
    ):
        style.draw_ranges(axes, [row[metric] or {"value": None} for row in rows])
        axes.axvline(overall[metric]["value"], color=style.MUTED, linewidth=1)
        axes.set_title(title)
        axes.locator_params(axis="x", nbins=4)
    style.name_rows(panels[0], [row["value"] for row in rows])
    return style.to_svg(figure, f"segments-{column}", f"ROC AUC and cost by {column}")
