"""Ways of handling a rare class, compared for the chosen candidate on what they are for: the cost of decisions."""

from typing import Any

import numpy as np
from scipy.stats import t

from pipelines.models.calibration import Calibrated
from pipelines.models.candidates import Params, build_pipeline
from pipelines.models.folds import holdout
from pipelines.models.imbalance import supports
from pipelines.models.scoring import METRICS, implied_threshold
from pipelines.tune.arena import Arena
from pipelines.tune.pace import Pace
from pipelines.tune.workers import Task, Work, Workers, in_turn
from understudy.problem import Candidate
from understudy.problem.learning import Imbalance
from understudy.statistics.decisions import cost_per_1000

FIGURES = ("pr_auc", "brier", "cost_per_1000")


def compare_imbalance(
    candidate: Candidate, params: Params, arena: Arena, workers: Workers, pace: Pace
) -> list[dict[str, Any]]:
    """Figures of each way over the folds, after calibration.

    Within a fold the newest fifth of the training rows is kept from the fit and calibrates it (drawn by class for an
    undated problem). Decisions are taken at the threshold that the costs imply for true probabilities, so that no
    threshold is fitted to the rows that are judged.
    """
    pipeline = build_pipeline(candidate, params, arena.rows.frame, arena.spec.seed, threads=1)

    def compare(how: Imbalance) -> Work[dict[str, Any]]:
        if not supports(pipeline, how):
            return {"imbalance": how, "status": f"skipped: {candidate.name} takes no weights"}
        given = ((candidate, params, number, how) for number in range(len(arena.folds)))
        found = yield from in_turn(Task(candidate.name, _judge, each) for each in given)
        pace.step(f"{candidate.name}: imbalance {how}")
        return {"imbalance": how, "status": "ok", **{name: _spread(found, name) for name in FIGURES}}

    return workers.run(compare(how) for how in dict.fromkeys(("none", *arena.spec.tuning.imbalance)))


def choose_imbalance(compared: list[dict[str, Any]]) -> Imbalance:
    """The cheapest way if its saving over ``none`` is more than chance, else ``none``.

    The test is Student's on the folds' paired savings, one-sided at 5 %: few folds must agree well to convince.
    """
    tried = [row for row in compared if row["status"] == "ok"]
    plain = next(row for row in tried if row["imbalance"] == "none")
    best = min(tried, key=lambda row: row["cost_per_1000"]["mean"])
    savings = np.array(plain["cost_per_1000"]["folds"]) - np.array(best["cost_per_1000"]["folds"])
    doubt = float(t.ppf(0.95, len(savings) - 1)) * savings.std(ddof=1) / np.sqrt(len(savings))
    chosen: Imbalance = best["imbalance"] if savings.mean() > doubt else "none"
    return chosen


def _judge(arena: Arena, candidate: Candidate, params: Params, number: int, how: Imbalance) -> dict[str, float]:
    fold = arena.folds[number]
    inner = holdout(arena.rows.take(fold.train), arena.spec)
    fitted = arena.fit(candidate, params, arena.learned(candidate, fold.train[inner.train]), how)
    aside = fold.train[inner.valid]
    model = Calibrated(fitted).fit(arena.rows.frame.iloc[aside], arena.rows.y[aside])
    y, score = arena.rows.y[fold.valid], arena.predict(model, fold.valid)
    costs = arena.spec.costs
    paid = cost_per_1000(y, score >= implied_threshold(costs), costs)
    return {"pr_auc": METRICS["pr_auc"](y, score), "brier": METRICS["brier"](y, score), "cost_per_1000": paid}


def _spread(found: list[dict[str, float]], name: str) -> dict[str, Any]:
    values = [row[name] for row in found]
    return {"folds": values, "mean": float(np.mean(values)), "std": float(np.std(values, ddof=1))}
