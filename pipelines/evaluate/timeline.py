"""How the model fares as the test period goes on."""

from typing import Any

import numpy as np
from markupsafe import Markup

from pipelines.evaluate import style
from pipelines.evaluate.evidence import Evidence, name_blocks
from pipelines.evaluate.page import Figures, Note, Picture, Section, percent
from understudy.statistics.decisions import decision_costs

FEWEST_WEEKS = 3
MOST = 60


def by_week(evidence: Evidence) -> list[dict[str, Any]]:
    """Figures of each week of the test period, or of each day if there are under three weeks; empty if undated."""
    test, costs = evidence.test, evidence.spec.costs
    if test.rows.event_time is None:
        return []
    names = name_blocks(test.rows, "1w")
    if len(np.unique(names)) < FEWEST_WEEKS:
        names = name_blocks(test.rows, "1d")
    while len(np.unique(names)) > MOST:
        names = np.array([name[:7] for name in names]) if len(names[0]) > 7 else np.array([name[:4] for name in names])
    paid = 1000 * decision_costs(test.y, test.decision, costs)
    found = []
    for name in np.unique(names):
        inside = np.flatnonzero(names == name)
        y, score, resample = test.y[inside], test.score[inside], test.resample.take(inside)
        found.append(
            {
                "from": str(name),
                "rows": len(inside),
                "rate": float(y.mean()),
                "score": float(score.mean()),
                "roc_auc": resample.roc_auc(y, score).json(),
                "brier": resample.ratio((score - y) ** 2).json(),
                "cost_per_1000": resample.ratio(paid[inside]).json(),
            }
        )
    return found


def timeline_section(figures: Figures) -> Section:
    weeks = figures["timeline"]
    if not weeks:
        note = Note("The problem has no event time, so there is no period to follow.")
        return Section("timeline", "How it fares over time", "", [note])
    worst = max(weeks, key=lambda week: week["cost_per_1000"]["value"])
    busiest = max(weeks, key=lambda week: week["rate"])
    picture = Picture(
        "Through the test period",
        draw_weeks(weeks, figures["test"]),
        "Ranking and cost in each span of the period with intervals, and whether what the model says follows what "
        "comes true. The line across is the whole period.",
        f"Cost is highest from {worst['from']} ({style.plain(worst['cost_per_1000']['value'])} per 1,000, with "
        f"{percent(worst['rate'])} positive); the share of positives peaks from {busiest['from']} at "
        f"{percent(busiest['rate'])}, where the model says {percent(busiest['score'])}.",
        wide=True,
    )
    return Section(
        "timeline", "How it fares over time", "A model that holds only in one week holds by luck.", [picture]
    )


@style.themed
def draw_weeks(weeks: list[Figures], overall: Figures) -> Markup:
    figure, panels = style.new_figure((9.6, 3.2), 1, 3)
    places = np.arange(len(weeks))
    for axes, (name, title) in zip(panels, (("roc_auc", "ROC AUC"), ("cost_per_1000", "Cost per 1,000")), strict=False):
        style.draw_spans(axes, places, [week[name] for week in weeks])
        values = [np.nan if week[name]["value"] is None else week[name]["value"] for week in weeks]
        axes.plot(places, values, "o-", color=style.MODEL, markersize=5)
        axes.axhline(overall[name]["value"], color=style.MUTED, linewidth=1)
        axes.set_title(title)
    panels[2].plot(places, [week["rate"] for week in weeks], "o-", color=style.SECOND, markersize=5, label="came true")
    panels[2].plot(places, [week["score"] for week in weeks], "o-", color=style.MODEL, markersize=5, label="model says")
    panels[2].set_title("Share of positives")
    panels[2].legend()
    style.percent_axis(panels[2].yaxis)
    step = -(-len(weeks) // 5)
    for axes in panels:
        axes.set_xticks(places[::step], [week["from"][-5:] for week in weeks[::step]])
        axes.margins(x=0.08)
    return style.to_svg(figure, "timeline", "ROC AUC, cost and share of positives through the test period")
