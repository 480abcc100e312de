"""Evidence for the report: what each feature group pays, and how coefficients shrink under regularisation."""

from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from pipelines.models.candidates import Params
from pipelines.models.scoring import sign
from pipelines.tune.arena import Arena
from pipelines.tune.leaderboard import Entry
from pipelines.tune.pace import Pace
from pipelines.tune.workers import Task, Work, Workers, in_turn
from understudy.problem import Candidate

MOST_INPUTS = 30
"""Inputs without named groups are left out singly up to this many."""

STRENGTHS = tuple(float(f"{value:.6g}") for value in np.geomspace(1e-4, 1.0, 8))
"""Inverse strengths of regularisation along the path."""

PATH_ROWS = 4000


def drop_one(
    candidate: Candidate, params: Params, whole: list[float], arena: Arena, workers: Workers, pace: Pace
) -> list[dict[str, Any]]:
    """How much worse each fold is without a group of inputs, most needed first.

    Args:
        whole: the folds' scores with all inputs [folds].

    Returns:
        For each group its inputs and ``folds``, ``mean`` and ``std`` of the loss; above 0 means that the group pays.
    """

    def leave_out(group: str, inputs: list[str]) -> Work[dict[str, Any]]:
        pace.tell(f"{candidate.name}: without {group}")
        given = ((inputs, candidate, params, number) for number in range(len(arena.folds)))
        scores = yield from in_turn(Task(candidate.name, _score_without, each) for each in given)
        loss = sign(arena.spec.tuning.metric) * (np.array(whole) - np.array(scores))
        spread = {"mean": float(loss.mean()), "std": float(loss.std(ddof=1))}
        return {"group": group, "inputs": inputs, "folds": loss.tolist(), **spread}

    rows = workers.run(leave_out(group, inputs) for group, inputs in input_groups(arena).items())
    return sorted(rows, key=lambda row: -row["mean"])


def _score_without(arena: Arena, inputs: list[str], candidate: Candidate, params: Params, number: int) -> float:
    return arena.without(inputs).score(candidate, params, number).valid


def input_groups(arena: Arena) -> dict[str, list[str]]:
    """Inputs by group; each one by itself when they were not grouped. A group that is everything cannot be left out."""
    inputs = arena.spec.inputs
    groups: dict[str, list[str]] = {}
    for item in inputs:
        groups.setdefault(item.group, []).append(item.name)
    if len(groups) > 1:
        return groups
    return {item.name: [item.name] for item in inputs} if 1 < len(inputs) <= MOST_INPUTS else {}


def is_traceable(candidate: Candidate) -> bool:
    """Whether the candidate is linear in its inputs and regularised by ``C``."""
    return candidate.family == "linear" and "C" in {**candidate.fixed, **candidate.space}


def coefficient_paths(entries: list[Entry], workers: Workers, pace: Pace) -> list[dict[str, Any]]:
    """Coefficients of each linear candidate from strong to weak regularisation.

    Returns:
        For each candidate ``strengths`` [S] (inverse), ``features`` [F] and ``coefficients`` [S, F].
    """

    def trace(candidate: Candidate, params: Params) -> Work[dict[str, Any]]:
        pace.tell(f"{candidate.name}: coefficient path")
        path = yield Task(candidate.name, _path, (candidate, params))
        return {"candidate": candidate.name, **path}

    return workers.run(trace(entry.candidate, entry.params) for entry in entries)


def _path(arena: Arena, candidate: Candidate, params: Params) -> dict[str, Any]:
    sampled = candidate.model_copy(update={"rows": PATH_ROWS})
    learned = arena.learned(sampled, np.arange(len(arena.rows)))
    models = [arena.fit(sampled, {**params, "C": strength}, learned) for strength in STRENGTHS]
    found = [model[-1].coef_[0].tolist() for model in models]
    return {"strengths": list(STRENGTHS), "features": feature_names(models[0]), "coefficients": found}


def feature_names(pipeline: Pipeline) -> list[str]:
    """Names of what the fitted pipeline's estimator reads, without the names of the steps that made them."""
    return [str(name).split("__", 1)[-1] for name in pipeline[:-1].get_feature_names_out()]
