"""All inputs squeezed into two axes: is the positive class anywhere in particular?"""

from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from pipelines.evaluate import style
from pipelines.evaluate.evidence import Evidence
from pipelines.evaluate.page import Figures, Picture, Section, count, percent
from pipelines.models.frame import Floats

ROWS = 600
FEWEST = 2
LEVELS = 8
"""Categories with more values than this are left out."""


def principal_components(evidence: Evidence) -> dict[str, Any] | str:
    """First two principal components of the standardised inputs of some test rows (Pearson 1901), or why not.

    Missing numbers take the median; categories of few values become one column each. Signs are fixed so that the
    largest loading of a component is positive.
    """
    part = evidence.test.spread(ROWS)
    columns = _columns(part.rows.frame)
    if len(columns) < FEWEST:
        return "fewer than two inputs vary"
    matrix = np.column_stack(list(columns.values()))
    _, strengths, axes = np.linalg.svd((matrix - matrix.mean(axis=0)) / matrix.std(axis=0), full_matrices=False)
    axes = axes * np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])[:, None]
    placed = (matrix - matrix.mean(axis=0)) / matrix.std(axis=0) @ axes[:2].T
    explained = strengths**2 / (strengths**2).sum()
    return {
        "explained": np.round(explained[:15], 5).tolist(),
        "loadings": [_strongest(list(columns), axis) for axis in axes[:2]],
        "points": np.round(placed, 3).tolist(),
        "y": part.y.tolist(),
    }


def _columns(frame: pd.DataFrame) -> dict[str, Floats]:
    found: dict[str, Floats] = {}
    for name in frame:
        column = frame[name]
        if column.dtype != object:
            found[str(name)] = column.fillna(column.median() if column.notna().any() else 0.0).to_numpy(np.float64)
        elif column.nunique() <= LEVELS:
            found |= {
                f"{name} = {value or 'missing'}": (column == value).to_numpy(np.float64)
                for value in sorted(column.unique())
            }
    return {name: values for name, values in found.items() if values.std() > 0}


def _strongest(names: list[str], axis: Floats) -> list[dict[str, Any]]:
    order = np.argsort(-np.abs(axis), kind="stable")[:4]
    return [{"input": names[place], "loading": round(float(axis[place]), 4)} for place in order]


def projection_section(figures: Figures) -> Section:
    found = figures["projection"]
    two, eighty = sum(found["explained"][:2]), int(np.searchsorted(np.cumsum(found["explained"]), 0.8) + 1)
    axes = [
        " and ".join(f"{item['input']} ({item['loading']:+.2f})" for item in axis[:2]) for axis in found["loadings"]
    ]
    picture = Picture(
        "Principal components",
        draw_projection(found),
        f"Each dot is one of {count(len(found['y']), 'test row')}, placed by the two directions along which "
        "standardised inputs vary most; on the right, how much of that variation each further direction holds.",
        f"Two directions hold {percent(two)} of the variation"
        f"{f', {eighty} hold 80 %' if eighty <= len(found['explained']) else ''}. The first is mostly {axes[0]}; "
        f"the second {axes[1]}.",
        wide=True,
    )
    return Section("projection", "The rows from above", "A look at the data that asks nothing of the model.", [picture])


@style.themed
def draw_projection(found: Figures) -> Markup:
    figure, (cloud, bars) = style.new_figure((9.6, 3.6), 1, 2, width_ratios=(2, 1))
    points, y = np.array(found["points"]), np.array(found["y"])
    for label, colour, name in ((0, style.MUTED, "negative"), (1, style.BAD, "positive")):
        here = points[y == label]
        cloud.plot(here[:, 0], here[:, 1], "o", color=colour, markersize=3.2, markeredgewidth=0, alpha=0.55, label=name)
    cloud.set(
        xlabel=f"first component ({percent(found['explained'][0])})",
        ylabel=f"second ({percent(found['explained'][1])})",
    )
    cloud.legend(loc="best")
    places = np.arange(1, len(found["explained"]) + 1)
    bars.bar(places, found["explained"], color=style.MODEL, alpha=0.35)
    bars.plot(places, np.cumsum(found["explained"]), "o-", color=style.MODEL, markersize=3.5)
    style.percent_axis(bars.yaxis)
    bars.set(xlabel="components", ylim=(0, 1.03), title="Variation explained")
    return style.to_svg(figure, "projection", "Test rows by their first two principal components")
