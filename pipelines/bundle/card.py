"""The model card: what the model is for, what it was learned from, how well it does and where it does not."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from understudy.bundle import Manifest
from understudy.files import write_text
from understudy.problem import ProblemSpec

TEMPLATE = Path(__file__).with_name("card.md.jinja")
NOTHING = "n/a"
NAMES = {
    "roc_auc": "ROC AUC",
    "pr_auc": "PR AUC",
    "brier": "Brier score",
    "log_loss": "log loss",
    "cost_per_1000": "cost per 1,000",
    "calibration_error": "calibration error",
    "f1": "F1",
}


def write_card(path: Path, manifest: Manifest, metrics: dict[str, Any], spec: ProblemSpec) -> Path:
    """Render the card after Mitchell et al. 2019, "Model Cards for Model Reporting"."""
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)  # noqa: S701
    environment.filters["figure"] = figure
    environment.filters["measured"] = measured
    environment.filters["named"] = lambda name: NAMES.get(name, name.replace("_", " "))
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return write_text(path, template.render(manifest=manifest, metrics=metrics, spec=spec))


def figure(value: float | None) -> str:
    """Four significant digits; n/a where there is nothing."""
    return NOTHING if value is None else f"{value:.4g}"


def measured(found: dict[str, Any] | None) -> str:
    """A figure with its interval."""
    if not found or found.get("value") is None:
        return NOTHING
    if found.get("low") is None or found.get("high") is None:
        return figure(found["value"])
    return f"{figure(found['value'])} ({figure(found['low'])} to {figure(found['high'])})"
