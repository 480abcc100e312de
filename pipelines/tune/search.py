"""Searching one candidate's parameters: by Bayes (TPE), at random or on a grid, giving up early on poor ones."""

import hashlib
from itertools import product
from math import prod

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.pruners import BasePruner, MedianPruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, Trial, TrialState

from pipelines.models.candidates import Params
from pipelines.models.scoring import sign
from pipelines.tune.arena import Arena, Score
from pipelines.tune.pace import Pace
from pipelines.tune.study import TrialLog
from pipelines.tune.workers import Task, Work
from understudy.problem import Candidate
from understudy.problem.learning import Range, Tuning

RANDOM_TRIALS = 4
"""Trials before TPE begins to learn from those before, and before the median prunes."""

GRID_POINTS = 4
"""Points of a numeric range on a grid."""


def search(candidate: Candidate, arena: Arena, log: TrialLog, pace: Pace) -> Work[list[FrozenTrial]]:
    """Run the candidate's trials, or those that ``log`` does not hold yet, and return all in order.

    The sampler is seeded anew for each trial from (problem's seed, candidate, number of the trial) and sees finished
    trials alone, so an interrupted search ends as an undisturbed one does. The study is of utilities: a metric of
    which less is better is negated.
    """
    tuning, total = arena.spec.tuning, count_trials(candidate, arena.spec.tuning)
    study = optuna.create_study(direction="maximize", pruner=make_pruner(tuning))
    study.add_trials(log.finished()[:total])
    for number in range(total):
        if number >= len(study.trials):
            study.sampler = make_sampler(tuning, arena.spec.seed, candidate.name, number)
            yield from _ask_and_tell(study, candidate, arena, pace)
            log.keep(study.trials[number])
        pace.step(f"{candidate.name}: trial {number + 1} of {total}")
    return study.trials


def _ask_and_tell(study: optuna.Study, candidate: Candidate, arena: Arena, pace: Pace) -> Work[None]:
    before = study.trials
    if arena.spec.tuning.sampler == "grid":
        study.enqueue_trial(grid(candidate.space)[len(before)])
    trial = study.ask(distributions(candidate.space))
    reference = before[0].user_attrs["folds"] if before else None
    scores, pruned = yield from _run_folds(trial, candidate, arena, reference, pace)
    trial.set_user_attr("folds", [score.valid for score in scores])
    trial.set_user_attr("train", [score.train for score in scores])
    if pruned:
        study.tell(trial, state=TrialState.PRUNED)
    else:
        study.tell(trial, sign(arena.spec.tuning.metric) * float(np.mean([score.valid for score in scores])))


def _run_folds(
    trial: Trial, candidate: Candidate, arena: Arena, reference: list[float] | None, pace: Pace
) -> Work[tuple[list[Score], bool]]:
    """Scores of the folds until all are done or the trial is pruned.

    Folds differ in difficulty more than trials do, so the pruner sees the mean lead over the first trial's score on
    the same folds rather than the scores themselves.
    """
    scores: list[Score] = []
    for step in range(len(arena.folds)):
        scores.append((yield Task(candidate.name, _score, (candidate, trial.params, step))))
        pace.tell(f"{candidate.name}: trial {trial.number + 1}, fold {step + 1} of {len(arena.folds)}")
        leads = [
            score.valid - base for score, base in zip(scores, reference or [s.valid for s in scores], strict=False)
        ]
        trial.report(sign(arena.spec.tuning.metric) * float(np.mean(leads)), step)
        if len(scores) < len(arena.folds) and trial.should_prune():
            return scores, True
    return scores, False


def _score(arena: Arena, candidate: Candidate, params: Params, step: int) -> Score:
    return arena.score(candidate, params, step)


def count_trials(candidate: Candidate, tuning: Tuning) -> int:
    """Trials that the candidate gets: one if nothing is searched, and no more than a grid has points."""
    if not candidate.space:
        return 1
    discrete = all(dimension.choices for dimension in candidate.space.values())
    if tuning.sampler == "grid" or discrete:
        return min(candidate.trials, prod(len(points(dimension)) for dimension in candidate.space.values()))
    return candidate.trials


def make_sampler(tuning: Tuning, seed: int, candidate: str, number: int) -> BaseSampler:
    """The sampler of one trial."""
    digest = hashlib.sha256(f"{seed}/{candidate}/{number}".encode()).digest()
    own = int.from_bytes(digest[:4], "big")
    if tuning.sampler == "tpe":
        return TPESampler(seed=own, n_startup_trials=RANDOM_TRIALS)
    return RandomSampler(seed=own)


def make_pruner(tuning: Tuning) -> BasePruner:
    """What stops a trial after a fold: a lead below the median so far, or not in the better half (halving)."""
    if tuning.pruner == "median":
        return MedianPruner(n_startup_trials=RANDOM_TRIALS, n_warmup_steps=0)
    if tuning.pruner == "halving":
        return SuccessiveHalvingPruner(min_resource=1, reduction_factor=2, min_early_stopping_rate=0)
    return NopPruner()


def distributions(space: dict[str, Range]) -> dict[str, BaseDistribution]:
    """The search space in Optuna's words."""
    return {name: _distribution(dimension) for name, dimension in space.items()}


def _distribution(dimension: Range) -> BaseDistribution:
    if dimension.low is None or dimension.high is None:
        return CategoricalDistribution(dimension.choices)
    if dimension.integer:
        return IntDistribution(int(dimension.low), int(dimension.high), log=dimension.log)
    return FloatDistribution(dimension.low, dimension.high, log=dimension.log)


def grid(space: dict[str, Range]) -> list[Params]:
    """Every combination of the dimensions' points, the last dimension changing fastest."""
    return [dict(zip(space, values, strict=True)) for values in product(*map(points, space.values()))]


def points(dimension: Range) -> list[object]:
    """A dimension's choices, or evenly spaced points of its range (in the logarithm where it says so)."""
    if dimension.low is None or dimension.high is None:
        return list(dimension.choices)
    spaced = np.geomspace if dimension.log else np.linspace
    values = [float(value) for value in spaced(dimension.low, dimension.high, GRID_POINTS)]
    values[0], values[-1] = dimension.low, dimension.high
    return list(sorted({round(value) for value in values}) if dimension.integer else values)
