"""What the model leans on: how much its ranking suffers when a column is shuffled (Breiman 2001)."""

from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from pipelines.evaluate import style
from pipelines.evaluate.evidence import Evidence, Judged, positive_scores
from pipelines.evaluate.page import Figures, Picture, Section, count, with_interval
from pipelines.models.frame import Floats
from understudy.statistics.bootstrap import percentile_interval
from understudy.statistics.metrics import roc_auc

SHOWN = 15


def permutation_importance(evidence: Evidence, shuffles: int) -> dict[str, list[dict[str, Any]]]:
    """Fall in ROC AUC when one input, or one group of inputs together, is shuffled; largest first.

    The interval holds both the chance of the shuffles (their mean is taken) and that of the rows (block bootstrap of
    the paired difference). Inputs that carry the same news stand in for each other, which the groups bring to light.
    """
    sample = evidence.explained
    rng = np.random.default_rng(evidence.spec.seed)
    orders = [rng.permutation(len(sample.y)) for _ in range(shuffles)]
    inputs = [(item.name, [item.name]) for item in evidence.spec.inputs]
    members = {
        item.group: [other.name for other in evidence.spec.inputs if other.group == item.group]
        for item in evidence.spec.inputs
    }
    several = sorted(members.items()) if len(members) > 1 else []
    return {
        "importance": _ranked(evidence.model, sample, inputs, orders, "feature"),
        "importance_groups": _ranked(evidence.model, sample, several, orders, "group"),
    }


def _ranked(
    model: Any, sample: Judged, sets: list[tuple[str, list[str]]], orders: list[Any], kind: str
) -> list[dict[str, Any]]:
    base, drawn = roc_auc(sample.y, sample.score), sample.resample.roc_aucs(sample.y, sample.score)
    found = []
    for name, columns in sets:
        scores = _shuffled_scores(model, sample.rows.frame, columns, orders)
        fall = base - float(np.mean([roc_auc(sample.y, score) for score in scores]))
        falls = drawn - np.mean([sample.resample.roc_aucs(sample.y, score) for score in scores], axis=0)
        figure = percentile_interval(fall, falls).json()
        found.append({kind: name, "mean": figure["value"], "low": figure["low"], "high": figure["high"]})
    return sorted(found, key=lambda row: (-(row["mean"] or 0.0), row[kind]))


def _shuffled_scores(model: Any, frame: pd.DataFrame, columns: list[str], orders: list[Any]) -> list[Floats]:
    """Scores of the frame with these columns shuffled together, once for each order; one call for all."""
    whole = pd.concat([frame] * len(orders), ignore_index=True)
    for name in columns:
        whole[name] = np.concatenate([frame[name].to_numpy()[order] for order in orders])
    return np.split(positive_scores(model, whole), len(orders))


def importance_section(figures: Figures) -> Section:
    rows, groups = figures["importance"], figures["importance_groups"]
    blocks = [
        Picture(
            "Permutation importance",
            draw_importance(rows[:SHOWN], "feature", "importance", style.HALF if groups else style.WIDE),
            f"How much ROC AUC falls when a column is shuffled, on {count(figures['explained_rows'], 'test row')}. A "
            "bar that touches zero may be chance. Columns that carry the same news share the credit.",
            _say(rows, "feature"),
            wide=not groups,
        )
    ]
    if groups:
        blocks.append(
            Picture(
                "By feature group",
                draw_importance(groups, "group", "importance-groups", style.HALF),
                "All columns of a group shuffled together, so that they cannot stand in for each other.",
                _say(groups, "group"),
            )
        )
    return Section(
        "importance", "What it leans on", "These say what the model uses, not what causes the outcome.", blocks
    )


def _say(rows: list[Figures], kind: str) -> str:
    sure = sum(row["low"] is not None and row["low"] > 0 for row in rows)
    first = rows[0]
    return (
        f"{first[kind]} matters most: without it ROC AUC falls by "
        f"{with_interval({'value': first['mean'], **_ends(first)})}. "
        f"{sure} of {count(len(rows), kind)} matter beyond chance."
    )


def _ends(row: Figures) -> dict[str, Any]:
    return {"low": row["low"], "high": row["high"]}


@style.themed
def draw_importance(rows: list[Figures], kind: str, name: str, size: tuple[float, float]) -> Markup:
    figure, axes = style.new_figure((size[0], 0.9 + 0.25 * max(len(rows), 3)))
    style.draw_ranges(axes, [{"value": row["mean"], **_ends(row)} for row in rows])
    axes.axvline(0, color=style.MUTED, linewidth=1)
    axes.locator_params(axis="x", nbins=6)
    axes.set_xlabel("fall in ROC AUC when shuffled")
    style.name_rows(axes, [row[kind] for row in rows])
    return style.to_svg(figure, name, f"Permutation importance by {kind}")
