"""What decisions cost at each threshold. The threshold is validation's; the test curve only shows how it fared."""

from typing import Any

import numpy as np
from markupsafe import Markup

from pipelines.evaluate import style
from pipelines.evaluate.evidence import Evidence, evenly
from pipelines.evaluate.page import Figures, Picture, Section, fixed, with_interval
from pipelines.evaluate.style import plain
from understudy.statistics.decisions import best_threshold, cost_curve, cost_per_1000

POINTS = 101


def cost_figures(evidence: Evidence) -> dict[str, Any]:
    """Cost per 1,000 by threshold on validation and on test, and of the policies never, always and in hindsight."""
    test, costs = evidence.test, evidence.spec.costs
    chosen = np.asarray(evidence.facts["threshold_curve"], dtype=np.float64)
    hindsight = best_threshold(test.y, test.score, costs)
    return {
        "validation": np.round(chosen[evenly(len(chosen), POINTS)], 5).tolist(),
        "test": np.round(cost_curve(test.y, test.score, costs, POINTS), 5).tolist(),
        "never": cost_per_1000(test.y, np.zeros_like(test.y), costs),
        "always": cost_per_1000(test.y, np.ones_like(test.y), costs),
        "hindsight": {"threshold": hindsight.value, "cost_per_1000": hindsight.cost_per_1000},
        "prices": costs.model_dump(),
    }


def cost_section(figures: Figures) -> Section:
    costs, prices = figures["curves"]["cost"], figures["curves"]["cost"]["prices"]
    ours = figures["test"]["cost_per_1000"]
    return Section(
        "costs",
        "What the decisions cost",
        f"A missed positive costs {plain(prices['false_negative'])}, a false alarm {plain(prices['false_positive'])}.",
        [
            Picture(
                "Cost by threshold",
                draw_costs(costs, figures["threshold"], ours, _highest(figures)),
                "The threshold was chosen where the validation curve is lowest. The test curve was drawn afterwards; "
                "the dot is what the model cost there, with its interval.",
                f"On test it costs {with_interval(ours)} per 1,000, against {fixed(costs['never'])} for never flagging "
                f"and {fixed(costs['always'])} for always. {_say_hindsight(costs, ours['value'])}",
                wide=True,
            )
        ],
    )


def _say_hindsight(costs: Figures, ours: float) -> str:
    best = costs["hindsight"]
    return (
        f"In hindsight {best['threshold']:.3f} would have cost {fixed(best['cost_per_1000'])}: choosing beforehand "
        f"lost {plain(max(ours - best['cost_per_1000'], 0))} per 1,000."
    )


def _highest(figures: Figures) -> float:
    """Where to end the axis: beyond the highest score nothing changes."""
    return float(min(max(figures["curves"]["scores"]["edges"][-1], 1.15 * figures["threshold"]), 1.0))


@style.themed
def draw_costs(costs: Figures, threshold: float, ours: Figures, limit: float) -> Markup:
    figure, axes = style.new_figure(style.WIDE)
    axes.plot(*zip(*costs["validation"], strict=True), color=style.SECOND, label="validation (chose the threshold)")
    axes.plot(*zip(*costs["test"], strict=True), color=style.MODEL, label="test (only shown)")
    policies = sorted(("never", "always"), key=lambda name: costs[name])
    for name, side in zip(policies, ("top", "bottom"), strict=True):
        axes.axhline(costs[name], color=style.MUTED, linewidth=1, linestyle=":")
        gap = -2 if side == "top" else 2
        at = {"xycoords": ("axes fraction", "data"), "ha": "right", "va": side}
        style.annotate(axes, f"{name} flag", (1, costs[name]), (-2, gap), color=style.MUTED, **at)
    style.mark_threshold(axes, threshold)
    if ours["low"] is not None:
        axes.plot([threshold] * 2, [ours["low"], ours["high"]], color=style.MODEL, linewidth=6, alpha=0.35)
    axes.plot(threshold, ours["value"], "o", color=style.MODEL, markersize=7)
    axes.set(xlabel="threshold", ylabel="cost per 1,000 decisions", xlim=(0, limit))
    style.plain_axis(axes.yaxis)
    axes.legend(loc="best")
    return style.to_svg(figure, "costs", "Cost per 1,000 decisions by threshold on validation and test")
