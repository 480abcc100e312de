"""How the score moves with one input while the others stay as they are (Friedman 2001)."""

from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from pipelines.evaluate import style
from pipelines.evaluate.evidence import Evidence, positive_scores
from pipelines.evaluate.page import Figures, Picture, Section, percent

ROWS = 200
FEATURES = 6
STEPS = 15
VALUES = 10


def partial_dependence(evidence: Evidence, features: list[str]) -> list[dict[str, Any]]:
    """Mean score, and its middle 80 % over rows, at each of some values of each feature.

    Numbers are set to their quantiles from 2 % to 98 %, categories to their commonest values.
    """
    frame = evidence.test.spread(ROWS).rows.frame
    found = []
    for name in features[:FEATURES]:
        values = _values(evidence.test.rows.frame[name])
        whole = pd.concat([frame] * len(values), ignore_index=True)
        whole[name] = np.repeat(np.array(values, dtype=frame[name].to_numpy().dtype), len(frame))
        scores = positive_scores(evidence.model, whole).reshape(len(values), len(frame))
        low, high = np.quantile(scores, [0.1, 0.9], axis=1)
        found.append(
            {
                "feature": name,
                "numeric": name in evidence.spec.numbers,
                "values": [value if isinstance(value, str) else round(float(value), 6) for value in values],
                "mean": np.round(scores.mean(axis=1), 6).tolist(),
                "low": np.round(low, 6).tolist(),
                "high": np.round(high, 6).tolist(),
            }
        )
    return [row for row in found if len(row["values"]) > 1]


def _values(column: "pd.Series[Any]") -> list[Any]:
    if column.dtype == object:
        counts = column.value_counts()
        return sorted(counts.index, key=lambda value: (-counts[value], value))[:VALUES]
    return np.unique(np.nanquantile(column, np.linspace(0.02, 0.98, STEPS))).tolist() if column.notna().any() else []


def dependence_section(figures: Figures) -> Section:
    rows = figures["partial_dependence"]
    picture = Picture(
        "Partial dependence",
        draw_dependence(rows, figures["units"]),
        f"The mean score when every one of {min(ROWS, figures['rows'])} test rows is given the same value of "
        "one input; "
        "the band holds the middle 80 % of the rows. Where inputs move together, some of these combinations "
        "never occur.",
        _say(rows),
        wide=True,
    )
    return Section(
        "dependence", "How the score moves", "One input at a time, the others as they are.", [picture] if rows else []
    )


def _say(rows: list[Figures]) -> str:
    if not rows:
        return ""
    widest = max(rows, key=lambda row: max(row["mean"]) - min(row["mean"]))
    low, high = int(np.argmin(widest["mean"])), int(np.argmax(widest["mean"]))
    names = [value if isinstance(value, str) else style.plain(value) for value in widest["values"]]
    return (
        f"The widest swing is {widest['feature']}: from {percent(widest['mean'][low])} at {names[low] or 'missing'} to "
        f"{percent(widest['mean'][high])} at {names[high] or 'missing'}."
    )


@style.themed
def draw_dependence(rows: list[Figures], units: Figures) -> Markup:
    columns = min(len(rows), 3)
    lines = -(-len(rows) // columns)
    figure, panels = style.new_figure((9.6, 2.5 * lines), lines, columns, sharey=True, squeeze=False)
    for axes, row in zip(panels.flat, rows, strict=False):
        (_draw_number if row["numeric"] else _draw_category)(axes, row)
        unit = units.get(row["feature"])
        axes.set_title(f"{row['feature']} ({unit})" if unit else row["feature"])
        style.percent_axis(axes.yaxis)
    for axes in panels.flat[len(rows) :]:
        axes.set_visible(False)
    return style.to_svg(figure, "dependence", "Mean score by value of the most important inputs")


def _draw_number(axes: Any, row: Figures) -> None:
    axes.fill_between(row["values"], row["low"], row["high"], color=style.MODEL, alpha=style.BAND, linewidth=0)
    axes.plot(row["values"], row["mean"], color=style.MODEL)
    axes.plot(
        row["values"],
        [0] * len(row["values"]),
        "|",
        color=style.MUTED,
        transform=axes.get_xaxis_transform(),
        clip_on=False,
    )
    style.plain_axis(axes.xaxis)
    axes.locator_params(axis="x", nbins=5)


def _draw_category(axes: Any, row: Figures) -> None:
    places = np.arange(len(row["values"]))
    for place in places:
        axes.plot([place] * 2, [row["low"][place], row["high"][place]], color=style.MODEL, linewidth=6, alpha=0.25)
    axes.plot(places, row["mean"], "o", color=style.MODEL)
    names = [(value or "missing")[:14] for value in row["values"]]
    axes.set_xticks(
        places,
        names,
        rotation=45 if max(map(len, names)) > 3 else 0,
        ha="right" if max(map(len, names)) > 3 else "center",
    )
