from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import FrozenTrial

from pipelines.job import silent
from pipelines.tune.arena import Score
from pipelines.tune.pace import Pace
from pipelines.tune.search import count_trials, grid, points, search
from pipelines.tune.study import TrialLog, study_name
from pipelines.tune.workers import Workers
from understudy.errors import MachineError, StageError
from understudy.problem import Candidate, ProblemSpec
from understudy.problem.learning import Range, Tuning

pytestmark = pytest.mark.integration

CANDIDATE = Candidate(
    name="hill",
    estimator="no.matter",
    family="linear",
    space={"x": Range(low=-4, high=4), "depth": Range(low=1, high=64, log=True, integer=True)},
    trials=12,
)


class KilledError(Exception):
    """Stands for a process that ends in the middle of a trial."""


class Hill:
    """An arena without models: the score falls with the distance from x = 1; folds differ in difficulty."""

    folds = (0.0, -5.0, 3.0)

    def __init__(self, spec: ProblemSpec, calls_left: int = 10_000) -> None:
        self.spec = spec
        self.calls = 0
        self.calls_left = calls_left

    def score(self, candidate: Candidate, params: dict[str, Any], number: int) -> Score:
        if self.calls >= self.calls_left:
            raise KilledError
        self.calls += 1
        fold = self.folds[number]
        return Score(valid=fold - (params["x"] - 1) ** 2 - 0.001 * params["depth"], train=fold)


def run(spec: ProblemSpec, path: Path, arena: Any = None, candidate: Candidate = CANDIDATE) -> list[FrozenTrial]:
    log, hill = TrialLog(path, study_name(spec, candidate, "full", "data")), arena or Hill(spec)
    with Workers(hill, 1) as workers:
        [trials] = workers.run([search(candidate, hill, log, Pace(silent, 60.0, 10))])
    return trials


def told(trials: list[FrozenTrial]) -> list[tuple[Any, ...]]:
    return [(trial.number, trial.params, trial.value, trial.state, trial.user_attrs) for trial in trials]


@pytest.mark.parametrize("sampler", ["tpe", "random", "grid"])
@pytest.mark.parametrize("pruner", ["median", "halving"])
def test_a_killed_search_ends_as_an_undisturbed_one(
    sampler: str, pruner: str, toy_spec: Callable[..., ProblemSpec], tmp_path: Path
) -> None:
    spec = toy_spec(tuning={"sampler": sampler, "pruner": pruner})
    undisturbed = run(spec, tmp_path / "a.db")
    for calls in (2, 8, 11):
        with pytest.raises(StageError, match="hill could not be fitted: KilledError"):
            run(spec, tmp_path / "b.db", Hill(spec, calls_left=calls))
    last = Hill(spec)

    assert told(run(spec, tmp_path / "b.db", last)) == told(undisturbed)
    assert 0 < last.calls < sum(len(trial.user_attrs["folds"]) for trial in undisturbed)


def test_finished_searches_are_not_run_again_and_more_trials_extend_them(
    toy_spec: Callable[..., ProblemSpec], tmp_path: Path
) -> None:
    first = run(toy_spec(), tmp_path / "a.db", candidate=CANDIDATE.model_copy(update={"trials": 5}))
    again = Hill(toy_spec(), calls_left=0)
    assert told(run(toy_spec(), tmp_path / "a.db", again, CANDIDATE.model_copy(update={"trials": 5}))) == told(first)

    longer = run(toy_spec(), tmp_path / "a.db")
    assert told(longer[:5]) == told(first)
    assert len(longer) == 12


def test_tpe_climbs_the_hill(toy_spec: Callable[..., ProblemSpec], tmp_path: Path) -> None:
    candidate = CANDIDATE.model_copy(update={"trials": 30})
    trials = run(toy_spec(), tmp_path / "a.db", candidate=candidate)
    best = max((trial for trial in trials if trial.state.name == "COMPLETE"), key=lambda trial: trial.value)

    assert abs(best.params["x"] - 1) < 0.3
    assert all(1 <= trial.params["depth"] <= 64 for trial in trials)


def test_poor_trials_are_given_up_after_a_fold(toy_spec: Callable[..., ProblemSpec], tmp_path: Path) -> None:
    trials = run(toy_spec(), tmp_path / "a.db")
    kept = [trial for trial in trials if trial.state == optuna.trial.TrialState.COMPLETE]
    pruned = [trial for trial in trials if trial.state == optuna.trial.TrialState.PRUNED]

    assert pruned
    assert max(abs(t.params["x"] - 1) for t in pruned) > min(abs(t.params["x"] - 1) for t in kept)
    assert all(len(trial.user_attrs["folds"]) < 3 for trial in pruned)


def test_less_is_better_for_a_loss(toy_spec: Callable[..., ProblemSpec], tmp_path: Path) -> None:
    trials = run(toy_spec(tuning={"metric": "brier", "pruner": "none"}), tmp_path / "a.db")

    assert all(trial.value == pytest.approx(-sum(trial.user_attrs["folds"]) / 3) for trial in trials)


def test_a_study_is_left_behind_when_data_or_settings_change(toy_spec: Callable[..., ProblemSpec]) -> None:
    spec, name = toy_spec(), study_name(toy_spec(), CANDIDATE, "full", "data")
    other = CANDIDATE.model_copy(update={"fixed": {"max_iter": 3}})

    assert study_name(spec, CANDIDATE.model_copy(update={"trials": 99}), "full", "data") == name
    changed = {
        study_name(spec, CANDIDATE, "full", "other data"),
        study_name(spec, CANDIDATE, "fast", "data"),
        study_name(spec, other, "full", "data"),
        study_name(toy_spec(seed=8), CANDIDATE, "full", "data"),
        study_name(toy_spec(tuning={"metric": "brier"}), CANDIDATE, "full", "data"),
        study_name(toy_spec(tuning={"folds": 4}), CANDIDATE, "full", "data"),
    }
    assert len(changed | {name}) == 7


def test_time_out_is_an_error_and_keeps_what_was_done(toy_spec: Callable[..., ProblemSpec], tmp_path: Path) -> None:
    log = TrialLog(tmp_path / "a.db", "study")
    hill = Hill(toy_spec())
    with Workers(hill, 1) as workers, pytest.raises(MachineError, match="took more than 0 s"):
        workers.run([search(CANDIDATE, hill, log, Pace(silent, 0.0, 10))])


def test_a_grid_has_every_combination() -> None:
    space = {"C": Range(low=0.01, high=10.0, log=True), "penalty": Range(choices=("l1", "l2"))}

    assert [p["C"] for p in grid(space)] == pytest.approx([0.01, 0.01, 0.1, 0.1, 1.0, 1.0, 10.0, 10.0])
    assert grid(space)[1] == {"C": 0.01, "penalty": "l2"}
    assert points(Range(low=1, high=3, integer=True)) == [1, 2, 3]


def test_no_more_trials_than_there_is_to_try() -> None:
    choices = Candidate(
        name="c",
        estimator="e",
        family="tree",
        trials=50,
        space={"a": Range(choices=(1, 2)), "b": Range(choices=(1, 2, 3))},
    )

    assert count_trials(choices, Tuning()) == 6
    assert count_trials(CANDIDATE, Tuning(sampler="grid")) == 12
    assert count_trials(CANDIDATE.model_copy(update={"space": {}}), Tuning()) == 1
