"""Whether a probability of 30 % comes true 30 times in a hundred, and where the scores lie."""

from typing import Any

import numpy as np
from markupsafe import Markup

from pipelines.evaluate import style
from pipelines.evaluate.evidence import Evidence, Judged
from pipelines.evaluate.page import Figures, Picture, Section, percent, with_interval

BINS = 10
BARS = 40


def calibration_figures(evidence: Evidence) -> dict[str, Any]:
    return {"calibration": reliability(evidence.test), "scores": score_histogram(evidence.test)}


def reliability(test: Judged) -> list[dict[str, Any]]:
    """Mean score against the share of positives in ten bins of about equally many rows, with intervals."""
    edges = np.unique(np.quantile(test.score, np.linspace(0, 1, BINS + 1)[1:-1]))
    bucket = np.searchsorted(edges, test.score, side="right")
    return [
        {
            "rows": int(inside.sum()),
            "score": float(test.score[inside].mean()),
            "rate": test.resample.take(inside).ratio(test.y[inside]).json(),
        }
        for inside in (bucket == number for number in np.unique(bucket))
    ]


def score_histogram(test: Judged) -> dict[str, list[float]]:
    """Share of each class in each of 40 equal bins up to the highest score."""
    edges = np.linspace(0, max(float(test.score.max()), 1e-6), BARS + 1)
    shares = [np.histogram(test.score[test.y == label], edges)[0] / (test.y == label).sum() for label in (0, 1)]
    names = ("negative", "positive")
    found = {name: np.round(share, 6).tolist() for name, share in zip(names, shares, strict=True)}
    return {"edges": edges.tolist(), **found}


def calibration_section(figures: Figures) -> Section:
    curves, found = figures["curves"], figures["confusion"]
    alarmed = found["fp"] / max(found["fp"] + found["tn"], 1)
    return Section(
        "calibration",
        "Whether its probabilities hold",
        "Thresholds and costs rest on scores being probabilities.",
        [
            Picture(
                "Reliability",
                draw_reliability(curves["calibration"]),
                "Each dot is a tenth of the rows: across what the model says, up what came true, with its interval. "
                "On the dotted line both agree; above it the model says too little.",
                say_calibration(figures),
            ),
            Picture(
                "Where the scores lie",
                draw_scores(curves["scores"], figures["threshold"]),
                "Share of each class by score. What lies right of the line is flagged; the better the model, the less "
                "the two overlap.",
                f"{percent(figures['test']['recall']['value'])} of the positives and {percent(alarmed)} of the "
                "negatives lie right of the threshold.",
            ),
        ],
    )


def say_calibration(figures: Figures) -> str:
    """Overall bias, and how many bins are off, in words."""
    bins = figures["curves"]["calibration"]
    rows = sum(row["rows"] for row in bins)
    said = sum(row["rows"] * row["score"] for row in bins) / rows
    points = 100 * (said - figures["rate"])
    sized = [row for row in bins if row["rate"]["low"] is not None]
    off = sum(not row["rate"]["low"] <= row["score"] <= row["rate"]["high"] for row in sized)
    return (
        f"On average it says {percent(said)} and {percent(figures['rate'])} came true: {abs(points):.1f} points too "
        f"{'much' if points > 0 else 'little'}. The calibration error is "
        f"{with_interval(figures['test']['calibration_error'])}; "
        f"{off} of {len(bins)} dots are off the line beyond chance."
    )


@style.themed
def draw_reliability(bins: list[Figures]) -> Markup:
    figure, axes = style.new_figure()
    right = 1.06 * max(row["score"] for row in bins)
    top = 1.06 * max(right, *(row["rate"]["high"] or row["rate"]["value"] for row in bins))
    axes.plot([0, top], [0, top], color=style.MUTED, linewidth=1, linestyle=":")
    scores = [row["score"] for row in bins]
    style.draw_spans(axes, scores, [row["rate"] for row in bins])
    axes.plot(scores, [row["rate"]["value"] for row in bins], "o-", color=style.MODEL, markersize=5.5)
    for axis in (axes.xaxis, axes.yaxis):
        style.percent_axis(axis)
    axes.set(xlabel="what the model says", ylabel="what came true", xlim=(0, right), ylim=(0, top))
    return style.to_svg(figure, "reliability", "Share of positives against mean score in ten bins")


@style.themed
def draw_scores(scores: Figures, threshold: float) -> Markup:
    figure, axes = style.new_figure()
    edges = scores["edges"]
    for name, colour in (("negative", style.MUTED), ("positive", style.MODEL)):
        axes.stairs(scores[name], edges, color=colour, fill=True, alpha=0.2)
        axes.stairs(scores[name], edges, color=colour, linewidth=1.7, label=name)
    style.mark_threshold(axes, threshold)
    for axis in (axes.xaxis, axes.yaxis):
        style.percent_axis(axis)
    axes.set(xlabel="score", ylabel="share of the class", xlim=(0, max(edges[-1], 1.05 * min(threshold, 1.0))))
    axes.legend(loc="upper right")
    return style.to_svg(figure, "scores", "Histogram of scores by class")
