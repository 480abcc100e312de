"""How well scores separate the classes: ROC, precision and recall."""

from typing import Any

import numpy as np
from markupsafe import Markup

from pipelines.evaluate import style
from pipelines.evaluate.evidence import Evidence
from pipelines.evaluate.page import Figures, Picture, Section, percent, with_interval
from pipelines.models.frame import Floats, Labels
from understudy.statistics.metrics import operating_points

POINTS = 101


def ranking_curves(evidence: Evidence) -> dict[str, Any]:
    """ROC and precision-recall curves of the model and the baselines."""
    test = evidence.test
    everyone = {"model": test.score} | {name: score for name, (score, _) in evidence.baselines.items()}
    return {
        "roc": {name: roc_points(test.y, score) for name, score in everyone.items()},
        "precision_recall": {name: precision_recall_points(test.y, score) for name, score in everyone.items()},
    }


def roc_points(y: Labels, score: Floats) -> list[list[float]]:
    """[false-positive rate, true-positive rate], at most 101 points evenly spaced along the curve."""
    _, hits, alarms = operating_points(y, score)
    curve = np.column_stack([alarms / alarms[-1], hits / hits[-1]])
    walked = curve.sum(axis=1)
    kept = np.unique(np.searchsorted(walked, np.linspace(0, walked[-1], POINTS)).clip(max=len(curve) - 1))
    return _rounded(curve[kept])


def precision_recall_points(y: Labels, score: Floats) -> list[list[float]]:
    """[recall, precision] at 101 recalls or fewer."""
    _, hits, alarms = operating_points(y, score)
    curve = np.column_stack([hits / hits[-1], hits / np.maximum(hits + alarms, 1)])[1:]
    kept = np.unique(np.searchsorted(curve[:, 0], np.linspace(0, 1, POINTS)).clip(max=len(curve) - 1))
    return _rounded(curve[kept])


def _rounded(values: Floats) -> list[Any]:
    rounded: list[Any] = np.round(values, 5).tolist()
    return rounded


def ranking_section(figures: Figures) -> Section:
    curves, test = figures["curves"], figures["test"]
    return Section(
        "ranking",
        "How well it ranks",
        "Before any threshold: do positive rows get higher scores than negative ones?",
        [
            Picture(
                "ROC curve",
                draw_roc(curves["roc"], figures["confusion"]),
                "Up is positives found, right is negatives alarmed; the dotted line is guessing, "
                "the ring is where the threshold stands.",
                f"A positive row outranks a negative one in {percent(test['roc_auc']['value'])} of pairs.",
            ),
            Picture(
                "Precision and recall",
                draw_precision_recall(curves["precision_recall"], figures),
                "Of the rows flagged, how many are positive, as more and more of the positives are found. The dotted "
                "line is the share of positives.",
                f"PR AUC is {with_interval(test['pr_auc'])}, against {figures['rate']:.3f} for guessing.",
            ),
        ],
    )


def _alarm_rate(found: Figures) -> float:
    return float(found["fp"] / max(found["fp"] + found["tn"], 1))


@style.themed
def draw_roc(curves: Figures, found: Figures) -> Markup:
    figure, axes = style.new_figure()
    axes.plot([0, 1], [0, 1], color=style.MUTED, linewidth=1, linestyle=":")
    for colour, (name, points) in zip(style.SERIES, _model_last(curves), strict=False):
        axes.plot(*zip(*points, strict=True), color=colour, label=name, linewidth=2.4 if name == "model" else 1.4)
    style.draw_ring(axes, _alarm_rate(found), found["tp"] / max(found["tp"] + found["fn"], 1))
    axes.set(xlabel="false-positive rate", ylabel="true-positive rate", xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    axes.legend(loc="lower right")
    return style.to_svg(figure, "roc", "ROC curve of the model and the baselines")


@style.themed
def draw_precision_recall(curves: Figures, figures: Figures) -> Markup:
    figure, axes = style.new_figure()
    axes.axhline(figures["rate"], color=style.MUTED, linewidth=1, linestyle=":")
    for colour, (name, points) in zip(style.SERIES, _model_last(curves), strict=False):
        axes.plot(*zip(*points, strict=True), color=colour, label=name, linewidth=2.4 if name == "model" else 1.4)
    style.draw_ring(axes, figures["test"]["recall"]["value"], figures["test"]["precision"]["value"])
    axes.set(xlabel="recall", ylabel="precision", xlim=(-0.01, 1.01), ylim=(0, 1.02))
    axes.legend(loc="upper right")
    return style.to_svg(figure, "precision-recall", "Precision against recall of the model and the baselines")


def _model_last(curves: Figures) -> list[tuple[str, Any]]:
    """The model first in colour, so that it keeps its own on every picture."""
    return sorted(curves.items(), key=lambda item: (item[0] != "model", item[0]))
