"""Would more rows help, and is the chosen setting in the right place? Scored on validation, never on test."""

from typing import Any

import numpy as np
from markupsafe import Markup

from pipelines.evaluate import style
from pipelines.evaluate.evidence import Evidence, evenly
from pipelines.evaluate.page import Figures, Note, Picture, Section
from pipelines.evaluate.quality import NAMES
from pipelines.job import Job
from pipelines.models.candidates import Params, build_pipeline
from pipelines.models.frame import Rows, read_rows
from pipelines.models.imbalance import fit_pipeline
from pipelines.models.scoring import METRICS, RISING
from understudy.files import read_json
from understudy.problem import Candidate
from understudy.problem.learning import Range

SHARES = (0.125, 0.35, 1.0)
MOST_ROWS = 16_000
"""Training rows of the largest refit; beyond it, the trained model itself is the last point."""
FEWEST_ROWS, FEWEST_OF_CLASS = 60, 5
SWEEP_ROWS = 6_000
STEPS = 5
SCORED = 6_000
"""Rows on which a refit is scored."""


class Refits:
    """Fitting the winner again on some training rows, with some of its parameters changed."""

    def __init__(self, job: Job, evidence: Evidence) -> None:
        self.candidate, self.facts = evidence.candidate, evidence.facts
        self.train = read_rows(job.input("split", "train.parquet"), job.spec)
        validation = evidence.validation.rows
        self.validation = validation.take(evenly(len(validation), SCORED))
        self.metric = job.spec.tuning.metric if job.spec.tuning.metric in RISING else "roc_auc"
        self.seed = job.spec.seed

    def affords(self, rows: int) -> bool:
        """Whether so many training rows are enough to fit on, with some of either class."""
        y = self.train.y[evenly(len(self.train), rows)]
        return len(y) >= FEWEST_ROWS and min(y.sum(), len(y) - y.sum()) >= FEWEST_OF_CLASS

    def point(self, rows: int, **changed: Any) -> dict[str, Any]:
        """Metric on the training rows of the refit and on validation."""
        part = self.train.take(evenly(len(self.train), rows))
        params: Params = {**self.facts["params"], **changed}
        pipeline = build_pipeline(self.candidate, params, part.frame, self.seed, threads=1)
        fitted = fit_pipeline(pipeline, part.frame, part.y, self.facts["imbalance"], self.seed)
        return {
            "rows": len(part),
            "train": self._score(fitted, part.take(evenly(len(part), SCORED))),
            "validation": self._score(fitted, self.validation),
        }

    def _score(self, fitted: Any, rows: Rows) -> float:
        return round(METRICS[self.metric](rows.y, fitted.predict_proba(rows.frame)[:, 1]), 6)


def learning_curve(refits: Refits) -> dict[str, Any] | str:
    """Refits on growing, evenly spaced shares of the training rows, or why there are none."""
    most = min(len(refits.train), refits.candidate.rows or MOST_ROWS, MOST_ROWS)
    points = [refits.point(int(most * share)) for share in SHARES if refits.affords(int(most * share))]
    whole = {"rows": len(refits.train)}
    whole |= {
        part: refits.facts[part][refits.metric]
        for part in ("train", "validation")
        if refits.metric in refits.facts[part]
    }
    if most < len(refits.train) and len(whole) == 3:
        points.append(whole)
    if len(points) < 2:
        return "there are too few training rows"
    return {"metric": refits.metric, "points": points}


def validation_curve(job: Job, refits: Refits) -> dict[str, Any] | None:
    """Refits along the searched parameter that the trials say matters most; None if no numeric one was searched."""
    trials = [t for t in read_json(job.input("tune", "trials.json")) if t["candidate"] == refits.candidate.name]
    name = leading_parameter(refits.candidate, trials)
    if name is None:
        return None
    values = sweep(refits.candidate.space[name])
    rows = min(len(refits.train), refits.candidate.rows or SWEEP_ROWS, SWEEP_ROWS)
    return {
        "metric": refits.metric,
        "parameter": name,
        "log": refits.candidate.space[name].log,
        "chosen": refits.facts["params"].get(name),
        "points": [{"value": value, **refits.point(rows, **{name: value})} for value in values],
    }


def leading_parameter(candidate: Candidate, trials: list[dict[str, Any]]) -> str | None:
    """The numeric parameter whose rank agrees most with the rank of the trials' values; the first if too few say."""
    names = [name for name, space in candidate.space.items() if not space.choices and "." not in name]
    done = [trial for trial in trials if trial["value"] is not None and all(name in trial["params"] for name in names)]
    if not names or len(done) < 4:
        return names[0] if names else None
    values = _ranks([trial["value"] for trial in done])
    agreement = {name: abs(_correlation(_ranks([trial["params"][name] for trial in done]), values)) for name in names}
    return max(names, key=lambda name: agreement[name])


def _ranks(values: list[float]) -> Any:
    return np.argsort(np.argsort(values, kind="stable"), kind="stable").astype(np.float64)


def _correlation(first: Any, second: Any) -> float:
    return float(np.corrcoef(first, second)[0, 1])


def sweep(space: Range) -> list[float]:
    """Values from the low to the high end of a numeric space, evenly spaced on its own scale."""
    low, high = float(space.low or 0.0), float(space.high or 0.0)
    values = np.geomspace(low, high, STEPS) if space.log else np.linspace(low, high, STEPS)
    if space.integer:
        return [int(value) for value in np.unique(np.round(values))]
    return [round(float(value), 12) for value in values]


def curves_section(figures: Figures) -> Section:
    skipped = figures["skipped"].get("learning_curve")
    if skipped:
        return Section(
            "curves",
            "More rows, other settings",
            "",
            [Note(f"Learning and validation curves are left out: {skipped}.")],
        )
    learning, validation = figures["learning_curve"], figures["validation_curve"]
    blocks: list[Picture | Note] = [
        Picture(
            "Learning curve",
            draw_learning(learning),
            "The winner refitted on growing shares of the training rows. The gap between the lines is overfit; a "
            "validation line that still rises asks for more rows.",
            _say_learning(learning["points"]),
        )
    ]
    if validation:
        blocks.append(
            Picture(
                "Validation curve",
                draw_validation(validation),
                f"Only {validation['parameter']} changes, on {validation['points'][0]['rows']:,} training rows. "
                "Where the "
                "train line climbs and the validation line does not, it learns by heart.",
                _say_validation(validation),
            )
        )
    return Section("curves", "More rows, other settings", "Refits of the winner, scored on validation rows.", blocks)


def _say_learning(points: list[Figures]) -> str:
    first, last, before = points[0], points[-1], points[-2]
    gain = last["validation"] - before["validation"]
    return (
        f"From {first['rows']:,} to {last['rows']:,} rows validation goes from {first['validation']:.3f} to "
        f"{last['validation']:.3f}, the last step adding {gain:+.3f}; the gap between train and validation goes from "
        f"{first['train'] - first['validation']:.3f} to {last['train'] - last['validation']:.3f}."
    )


def _say_validation(curve: Figures) -> str:
    best = max(curve["points"], key=lambda point: point["validation"])
    spread = best["validation"] - min(point["validation"] for point in curve["points"])
    chosen = "" if curve["chosen"] is None else f" The search chose {style.plain(curve['chosen'])}."
    return f"Best here at {style.plain(best['value'])}; over the range validation differs by {spread:.3f}.{chosen}"


@style.themed
def draw_learning(curve: Figures) -> Markup:
    figure, axes = style.new_figure()
    _draw_pair(axes, [point["rows"] for point in curve["points"]], curve["points"])
    axes.set_xscale("log")
    axes.set_xticks([point["rows"] for point in curve["points"]], [f"{point['rows']:,}" for point in curve["points"]])
    axes.minorticks_off()
    axes.set(xlabel="training rows", ylabel=NAMES[curve["metric"]])
    return style.to_svg(figure, "learning-curve", "Metric on train and validation by training rows")


@style.themed
def draw_validation(curve: Figures) -> Markup:
    figure, axes = style.new_figure()
    _draw_pair(axes, [point["value"] for point in curve["points"]], curve["points"])
    if curve["log"]:
        axes.set_xscale("log")
    if curve["chosen"] is not None:
        axes.axvline(curve["chosen"], color=style.BAD, linewidth=1.3, linestyle="--", label="chosen")
    axes.legend()
    axes.minorticks_off()
    style.plain_axis(axes.xaxis)
    axes.set(xlabel=curve["parameter"], ylabel=NAMES[curve["metric"]])
    return style.to_svg(figure, "validation-curve", f"Metric on train and validation by {curve['parameter']}")


def _draw_pair(axes: Any, places: list[float], points: list[Figures]) -> None:
    train, validation = ([point[part] for point in points] for part in ("train", "validation"))
    axes.fill_between(places, validation, train, color=style.SECOND, alpha=0.10, linewidth=0)
    axes.plot(places, train, "o-", color=style.SECOND, label="train", markersize=5)
    axes.plot(places, validation, "o-", color=style.MODEL, label="validation", markersize=5)
    axes.legend()
