"""The headline: every metric with its interval, beside the baselines on the same rows, and the confusion matrix."""

from typing import Any

import numpy as np
from markupsafe import Markup

from pipelines.evaluate import style
from pipelines.evaluate.evidence import Evidence, Judged
from pipelines.evaluate.page import Figures, Grid, Note, Picture, Section, count, fixed, percent, with_interval
from pipelines.models.frame import Floats, Labels
from understudy.problem.decision import Costs
from understudy.statistics import metrics
from understudy.statistics.bootstrap import Interval, Resample, percentile_interval
from understudy.statistics.decisions import decision_costs

NAMES = {
    "roc_auc": "ROC AUC",
    "pr_auc": "PR AUC",
    "cost_per_1000": "Cost per 1,000",
    "brier": "Brier score",
    "log_loss": "Log loss",
    "calibration_error": "Calibration error",
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
    "balanced_accuracy": "Balanced accuracy",
    "accuracy": "Accuracy",
}
RISING = ("roc_auc", "pr_auc", "precision", "recall", "f1", "balanced_accuracy", "accuracy")
"""Metrics of which more is better."""


def judge(part: Judged, score: Floats, decision: Labels, costs: Costs) -> dict[str, Interval]:
    """Every metric of ``score`` and ``decision`` on the part's rows, with block-bootstrap intervals."""
    y, resample = part.y, part.resample
    return {
        "roc_auc": resample.roc_auc(y, score),
        "pr_auc": resample.average_precision(y, score),
        "brier": resample.ratio((score - y) ** 2),
        "log_loss": resample.ratio(metrics.log_losses(y, score)),
        "calibration_error": resample.calibration_error(y, score),
        "cost_per_1000": resample.ratio(1000 * decision_costs(y, decision, costs)),
        **_judge_decisions(resample, y, decision),
    }


def _judge_decisions(resample: Resample, y: Labels, decision: Labels) -> dict[str, Interval]:
    found, hit = metrics.confusion(y, decision), y * decision
    recalls = resample.ratios(hit, y), resample.ratios((1 - y) * (1 - decision), 1 - y)
    replicates = {
        "accuracy": resample.ratios(y == decision, np.ones(len(y))),
        "balanced_accuracy": (recalls[0] + recalls[1]) / 2,
        "precision": np.nan_to_num(resample.ratios(hit, decision)),
        "recall": recalls[0],
        "f1": np.nan_to_num(resample.ratios(2 * hit, decision + y)),
    }
    return {name: percentile_interval(getattr(metrics, name)(found), drawn) for name, drawn in replicates.items()}


def compare(evidence: Evidence) -> dict[str, Any]:
    """Model minus each baseline on the same draws: what both share, such as a hard week, cancels out."""
    test, costs = evidence.test, evidence.spec.costs
    paid = decision_costs(test.y, test.decision, costs)
    ours = (test.resample.roc_aucs(test.y, test.score), test.resample.average_precisions(test.y, test.score))
    found = {}
    for name, (score, decision) in evidence.baselines.items():
        theirs = (test.resample.roc_aucs(test.y, score), test.resample.average_precisions(test.y, score))
        values = [
            metric(test.y, test.score) - metric(test.y, score)
            for metric in (metrics.roc_auc, metrics.average_precision)
        ]
        found[name] = {
            "roc_auc": percentile_interval(values[0], ours[0] - theirs[0]).json(),
            "pr_auc": percentile_interval(values[1], ours[1] - theirs[1]).json(),
            "cost_per_1000": test.resample.ratio(1000 * (paid - decision_costs(test.y, decision, costs))).json(),
        }
    return found


def headline(evidence: Evidence) -> dict[str, Any]:
    """The parts of the figures that the gate reads."""
    test, costs, facts = evidence.test, evidence.spec.costs, evidence.facts
    found = metrics.confusion(test.y, test.decision)
    rate = float(test.y.mean())
    return {
        "test": _json(judge(test, test.score, test.decision, costs)),
        "baselines": {name: _json(judge(test, *said, costs)) for name, said in evidence.baselines.items()},
        "versus_baselines": compare(evidence),
        "validation": facts["validation"],
        "train": facts["train"],
        "majority_accuracy": max(rate, 1 - rate),
        "confusion": {"tn": int(found.tn), "fp": int(found.fp), "fn": int(found.fn), "tp": int(found.tp)},
    }


def _json(figures: dict[str, Interval]) -> dict[str, Any]:
    return {name: figure.json() for name, figure in figures.items()}


def quality_section(figures: Figures) -> Section:
    """Model against baselines, the confusion matrix, and why accuracy is not the figure to look at."""
    blocks: list[Picture | Grid | Note] = [_table(figures), _confusion(figures)]
    if figures["baselines"]:
        blocks.append(_against_baselines(figures))
    blocks.append(Note(accuracy_misleads(figures)))
    return Section(
        "quality",
        "How good it is",
        "Every figure is on test rows that no other stage has seen. Intervals cover 95 % of resamples of whole "
        f"blocks ({count(figures['blocks']['count'], 'block')} of {figures['blocks']['span']}), "
        "since neighbouring rows are alike.",
        blocks,
    )


def _table(figures: Figures) -> Grid:
    others = sorted(figures["baselines"])
    rows = [
        [
            title,
            with_interval(figures["test"][name]),
            *(with_interval(figures["baselines"][other][name]) for other in others),
            fixed(figures["validation"].get(name)),
            fixed(figures["train"].get(name)),
        ]
        for name, title in NAMES.items()
    ]
    gap = _gap(figures)
    return Grid(
        "All metrics",
        ["Metric", "Model on test", *(f"{other} on test" for other in others), "Validation", "Train"],
        rows,
        "More is better, except for cost, Brier score, log loss and calibration error.",
        "" if gap is None else f"ROC AUC on training rows is {gap:+.3f} above validation: the size of the overfit.",
    )


def _gap(figures: Figures) -> float | None:
    train, validation = figures["train"].get("roc_auc"), figures["validation"].get("roc_auc")
    return None if train is None or validation is None else train - validation


def accuracy_misleads(figures: Figures) -> str:
    """Why accuracy is shown only beside what always saying the commoner class would reach."""
    ours, majority = figures["test"]["accuracy"]["value"], figures["majority_accuracy"]
    relation = "less than" if ours < majority else "against"
    flagged = figures["confusion"]["tp"] + figures["confusion"]["fp"]
    prices = figures["curves"]["cost"]["prices"]
    dearer = prices["false_negative"] > prices["false_positive"]
    why = ", since a missed one costs more than a false alarm" if dearer else ""
    return (
        f"Accuracy misleads here: it is {percent(ours)}, {relation} the {percent(majority)} of a rule that always says "
        f"the commoner class, learns nothing and so decides nothing. The model flags {count(flagged, 'row')} and finds "
        f"{percent(figures['test']['recall']['value'])} of the {figures['positives']:,} positives{why}."
    )


def _confusion(figures: Figures) -> Picture:
    found = figures["confusion"]
    return Picture(
        "Decisions against the truth",
        draw_confusion(found),
        "Each cell counts test rows; the shade is the share of its row.",
        f"Of {found['tp'] + found['fn']:,} positives {found['tp']:,} are found and {found['fn']:,} missed; "
        f"{found['fp']:,} of {found['tp'] + found['fp']:,} alarms are false.",
    )


@style.themed
def draw_confusion(found: Figures) -> Markup:
    """The confusion matrix, truth in rows."""
    figure, axes = style.new_figure()
    for place, (truth, cells) in enumerate((("negative", ("tn", "fp")), ("positive", ("fn", "tp")))):
        total = sum(found[cell] for cell in cells) or 1
        for column, cell in enumerate(cells):
            share = found[cell] / total
            colour = style.MODEL if cell in ("tn", "tp") else style.BAD
            axes.add_patch(style.tile(column, place, colour, 0.10 + 0.45 * share))
            axes.text(
                column + 0.5, place + 0.46, f"{found[cell]:,}", ha="center", va="center", fontsize=16, color=style.INK
            )
            axes.text(
                column + 0.5, place + 0.72, f"{percent(share)} of {truth}s", ha="center", va="center", color=style.MUTED
            )
    axes.set(xlim=(0, 2), ylim=(2, 0))
    axes.set_xticks([0.5, 1.5], ["not flagged", "flagged"], color=style.INK)
    axes.set_yticks([0.5, 1.5], ["truly\nnegative", "truly\npositive"], color=style.INK)
    style.bare(axes)
    return style.to_svg(figure, "confusion", "Confusion matrix on the test rows")


def _against_baselines(figures: Figures) -> Picture:
    return Picture(
        "Better than the simple rules?",
        draw_comparison(figures),
        "Model minus baseline on the same resamples; a bar that does not touch zero is a difference beyond chance. "
        "Right of zero is better; cost is shown as savings.",
        " ".join(_say_comparison(name, paired) for name, paired in figures["versus_baselines"].items()),
    )


def _say_comparison(name: str, paired: Figures) -> str:
    cost, auc = paired["cost_per_1000"], paired["roc_auc"]
    saved = style.plain(abs(cost["value"]))
    words = f"saves {saved} per 1,000" if cost["value"] <= 0 else f"costs {saved} more per 1,000"
    sure = cost["high"] is not None and (cost["high"] < 0 or cost["low"] > 0)
    return f"Against {name} it {words}{'' if sure else ', not beyond chance'}; ROC AUC is {auc['value']:+.3f}."


@style.themed
def draw_comparison(figures: Figures) -> Markup:
    """Paired differences to each baseline, one panel for each metric."""
    names = list(figures["versus_baselines"])
    shown = {"roc_auc": ("ROC AUC", 1), "pr_auc": ("PR AUC", 1), "cost_per_1000": ("Cost saved per 1,000", -1)}
    figure, panels = style.new_figure((5.6, 1.7 + 0.45 * len(names)), 1, 3, sharey=True)
    for axes, (metric, (title, sign)) in zip(panels, shown.items(), strict=True):
        style.draw_ranges(axes, [_signed(figures["versus_baselines"][name][metric], sign) for name in names])
        axes.axvline(0, color=style.MUTED, linewidth=1)
        axes.set_title(title)
        axes.locator_params(axis="x", nbins=3)
    style.name_rows(panels[0], names)
    return style.to_svg(figure, "comparison", "Model minus baselines with intervals")


def _signed(figure: Figures, sign: int) -> dict[str, Any]:
    if sign > 0 or figure["low"] is None:
        return dict(figure)
    return {"value": -figure["value"], "low": -figure["high"], "high": -figure["low"]}
