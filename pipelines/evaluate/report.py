"""The page: drawn from the figures alone, so that whatever it shows can be read from ``metrics.json``."""

from typing import Any

from pipelines.evaluate.calibration import calibration_section
from pipelines.evaluate.costs import cost_section
from pipelines.evaluate.curves import curves_section
from pipelines.evaluate.dependence import dependence_section
from pipelines.evaluate.fairness import fairness_section
from pipelines.evaluate.importance import importance_section
from pipelines.evaluate.page import Figures, Note, Section, count, fixed, percent
from pipelines.evaluate.projection import projection_section
from pipelines.evaluate.quality import NAMES, RISING, quality_section
from pipelines.evaluate.ranking import ranking_section
from pipelines.evaluate.search import search_section
from pipelines.evaluate.segments import segments_section
from pipelines.evaluate.shapley import shap_section
from pipelines.evaluate.timeline import timeline_section
from pipelines.evaluate.weak import weak_section
from pipelines.evaluate.worst import worst_section
from understudy.adapters.pages import templates_of

CARDS = ("roc_auc", "pr_auc", "cost_per_1000", "brier", "calibration_error")
FEW_BLOCKS = 10


def render_report(figures: Figures) -> str:
    """One self-contained HTML page: no script, nothing fetched, light and dark, printable."""
    return (
        templates_of("pipelines.evaluate")
        .get_template("report.html")
        .render(
            figures=figures,
            facts=_facts(figures),
            verdict=verdict(figures),
            cautions=_cautions(figures),
            cards=[_card(figures, name) for name in CARDS],
            sections=[section for section in _sections(figures) if section.blocks],
        )
    )


def _sections(figures: Figures) -> list[Section]:
    return [
        quality_section(figures),
        cost_section(figures),
        ranking_section(figures),
        calibration_section(figures),
        timeline_section(figures),
        segments_section(figures),
        weak_section(figures),
        fairness_section(figures),
        importance_section(figures),
        dependence_section(figures),
        shap_section(figures)
        if "shap" in figures
        else _left_out("shap", "What moved single rows", "SHAP values are", figures),
        worst_section(figures),
        projection_section(figures)
        if "projection" in figures
        else _left_out("projection", "The rows from above", "The projection is", figures),
        curves_section(figures),
        search_section(figures),
    ]


def _left_out(key: str, title: str, what: str, figures: Figures) -> Section:
    return Section(key, title, "", [Note(f"{what} left out: {figures['skipped'][key]}.")])


def _facts(figures: Figures) -> list[tuple[str, str]]:
    model, period = figures["model"], figures["period"]
    return [
        ("Model", model["candidate"]),
        ("Calibration", model["calibration"]["method"]),
        ("Imbalance", model["imbalance"]),
        ("Threshold", f"{figures['threshold']:.3f}"),
        ("Test rows", f"{figures['rows']:,}"),
        ("Positive", percent(figures["rate"])),
        *([("Period", f"{period[0]} to {period[1]}")] if period else []),
        *([("Profile", "fast")] if figures["profile"] == "fast" else []),
    ]


def verdict(figures: Figures) -> str:
    """One sentence: what the model is worth against doing without it."""
    cost, ours = figures["curves"]["cost"], figures["test"]["cost_per_1000"]
    policy = min(("never", "always"), key=lambda name: cost[name])
    rivals = {f"{policy} flagging": cost[policy]}
    rivals |= {name: said["cost_per_1000"]["value"] for name, said in figures["baselines"].items()}
    rival = min(rivals, key=lambda name: (rivals[name], name))
    saved = rivals[rival] - ours["value"]
    if saved <= 0:
        return (
            f"On test rows its decisions cost {fixed(ours['value'])} per 1,000, no less than {rival}: "
            f"{fixed(rivals[rival])}. It does not pay."
        )
    recall, precision = figures["test"]["recall"]["value"], figures["test"]["precision"]["value"]
    return (
        f"On test rows its decisions cost {fixed(ours['value'])} per 1,000, {percent(saved / rivals[rival], 0)} less "
        f"than {rival} ({fixed(rivals[rival])}), the cheapest alternative. It finds {percent(recall, 0)} of the "
        "positives, "
        f"and {percent(precision, 0)} of its alarms are right."
    )


def _cautions(figures: Figures) -> list[str]:
    found = []
    if figures["blocks"]["count"] < FEW_BLOCKS:
        found.append(f"Intervals rest on only {count(figures['blocks']['count'], 'block')} and are rough.")
    if figures["profile"] == "fast":
        found.append("This is the fast profile: a smaller search, no SHAP values, no learning and validation curves.")
    return found


def _card(figures: Figures, name: str) -> dict[str, Any]:
    """A headline figure: its interval and the best baseline as places (in percent) on a small scale."""
    figure, rising = figures["test"][name], name in RISING
    others = {
        other: said[name]["value"] for other, said in figures["baselines"].items() if said[name]["value"] is not None
    }
    best = (max if rising else min)(others, key=lambda other: others[other]) if others else None
    places = [
        value for value in (figure["value"], figure["low"], figure["high"], others.get(best or "")) if value is not None
    ]
    low, high = min(places, default=0.0), max(places, default=1.0)
    span = (high - low) or 1.0

    def place(value: float | None) -> float | None:
        return None if value is None else round(6 + 88 * (value - low) / span, 2)

    return {
        "title": NAMES[name],
        "value": fixed(figure["value"]),
        "low": fixed(figure["low"]),
        "high": fixed(figure["high"]),
        "better": "more is better" if rising else "less is better",
        "baseline": best,
        "baseline_value": fixed(others.get(best or "")),
        "at": {
            "value": place(figure["value"]),
            "low": place(figure["low"]),
            "high": place(figure["high"]),
            "baseline": place(others.get(best or "")),
        },
    }
