"""The gate's checks on figures made up for them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.gate import checks
from pipelines.gate.evidence import Evidence
from understudy.errors import BundleError
from understudy.problem import ProblemSpec
from understudy.problem.decision import Gates

pytestmark = pytest.mark.unit

Specs = Callable[..., ProblemSpec]


def evidence(spec: ProblemSpec, theirs: float = 0.0, rows: int = 2000, **more: Any) -> Evidence:
    """Rows whose score says much about the truth, and a baseline that says ``theirs`` (0 to 1) as much."""
    rng = np.random.default_rng(0)
    signal, noise = rng.normal(size=(2, rows))
    y = (rng.random(rows) < 1 / (1 + np.exp(-(2 * signal - 1)))).astype(np.int8)
    score = 1 / (1 + np.exp(-(2 * signal - 1)))
    other = 1 / (1 + np.exp(-(2 * (theirs * signal + (1 - theirs) * noise) - 1)))
    columns = {"block": [str(i // 20) for i in range(rows)], "y": y, "score": score}
    columns |= {"decision": (score >= 0.2).astype(np.int8), "score__other": other, **more}
    return Evidence(spec, {}, pa.table(columns))


@given(st.floats(-10, 10), st.floats(-10, 10))
def test_limits_include_themselves_and_exclude_the_other_side(figure: float, limit: float) -> None:
    low, high = checks.at_least("a", figure, limit, ""), checks.at_most("a", figure, limit, "")
    assert (low.verdict == "pass") == (figure >= limit)
    assert (high.verdict == "pass") == (figure <= limit)
    assert {low.verdict, high.verdict} <= {"pass", "fail"}


def test_without_a_limit_nothing_is_judged() -> None:
    row = checks.at_least("roc_auc", 0.4, None, "")
    assert (row.verdict, row.figure) == ("skipped", 0.4)


def test_an_undefined_figure_fails() -> None:
    assert checks.at_most("brier", None, 0.2, "on 3 test rows").verdict == "fail"


def test_floors_read_the_test_figures() -> None:
    test = {"roc_auc": {"value": 0.7, "low": 0.6, "high": 0.8}, "brier": {"value": 0.2}}
    gates = Gates(roc_auc=0.75, brier=0.25, cost_per_1000=400.0)
    found = {row.name: row for row in checks.floors({"test": test, "rows": 50}, gates)}
    assert {name: row.verdict for name, row in found.items()} == {
        "roc_auc": "fail",
        "pr_auc": "skipped",
        "brier": "pass",
        "cost_per_1000": "fail",
    }
    assert found["roc_auc"].why == "0.7 must be at least 0.75: on 50 test rows, 0.6 to 0.8."


def test_overfitting_is_the_gap() -> None:
    row = checks.overfitting({"train": {"roc_auc": 0.95}, "validation": {"roc_auc": 0.8}}, 0.1)
    assert (row.verdict, row.figure) == ("fail", pytest.approx(0.15))
    assert checks.overfitting({"train": {}, "validation": {}}, 0.1).verdict == "fail"


def gained(found: Evidence, score: Any, threshold: float = 0.2) -> dict[str, str]:
    return {row.name: row.verdict for row in checks.gain(found, score, score >= threshold, 3)}


def test_a_retraining_pays_when_it_is_better_by_one_figure_and_no_worse_by_the_other(toy_spec: Specs) -> None:
    found = evidence(toy_spec(), theirs=0.5)
    brier, cost = "better_than_champion_brier", "better_than_champion_cost"
    assert gained(found, found.baseline("other")[0]) == {brier: "pass", cost: "pass"}
    assert gained(found, found.score) == {brier: "fail", cost: "fail"}
    same_ranks, same_place = found.score**2, 0.2**2
    assert gained(found, same_ranks, same_place) == {brier: "pass", cost: "skipped"}
    assert gained(found, found.score, 0.9) == {brier: "skipped", cost: "pass"}


def test_a_gain_in_one_figure_does_not_make_up_for_a_loss_in_the_other(toy_spec: Specs) -> None:
    found = evidence(toy_spec())
    flagged = np.asarray(found.y == 1)
    rows = {row.name: row for row in checks.gain(found, found.score**3, flagged, 3)}
    assert rows["better_than_champion_brier"].verdict == "pass"
    assert rows["better_than_champion_cost"].verdict == "fail"
    assert (rows["better_than_champion_cost"].figure or 0) > 0
    assert "ours minus version 3's" in rows["better_than_champion_cost"].why


def test_a_better_model_beats_its_baseline_by_both_figures(toy_spec: Specs) -> None:
    rows = list(checks.baselines(evidence(toy_spec()), wanted=True))
    assert [(row.name, row.verdict) for row in rows] == [("beats_other_cost", "pass"), ("beats_other_roc_auc", "pass")]


def test_an_equal_baseline_is_not_beaten(toy_spec: Specs) -> None:
    same = evidence(toy_spec(), theirs=1.0)
    cost, auc = checks.baselines(same, wanted=True)
    assert auc.figure == pytest.approx(0.0)
    assert checks.auc_difference(same, same.baseline("other")[0]).value == pytest.approx(0.0)
    better = evidence(toy_spec(), theirs=1.0, decision__other=np.zeros(2000, np.int8))
    assert next(checks.baselines(better, wanted=True)).verdict == "pass"
    assert cost.figure is not None


def test_baselines_are_skipped_when_not_asked_for(toy_spec: Specs) -> None:
    [row] = checks.baselines(evidence(toy_spec()), wanted=False)
    assert row.verdict == "skipped"


def test_probabilities_worth_more_than_a_baselines_pass(toy_spec: Specs) -> None:
    [row] = checks.probabilities(evidence(toy_spec()))
    ours = evidence(toy_spec())
    gained = np.mean((ours.score - ours.y) ** 2) - np.mean((ours.baseline("other")[0] - ours.y) ** 2)
    assert (row.name, row.verdict, row.limit) == ("brier_against_other", "pass", 0.0)
    assert row.figure == pytest.approx(gained)
    assert row.figure < -0.05
    assert "Brier score, ours minus theirs, -0." in row.why


@pytest.mark.parametrize("wanted", [True, False])
def test_a_model_that_ranks_well_but_overstates_is_refused(toy_spec: Specs, wanted: bool) -> None:
    """Neither ROC AUC nor a threshold of its own shows that its probabilities are worth less than the plain rate."""
    ours = evidence(toy_spec())
    flat = np.full(2000, ours.y.mean())
    overstated = evidence(toy_spec(), score__other=flat, score=ours.score**0.05)
    assert {row.verdict for row in checks.baselines(overstated, wanted)} == {"pass" if wanted else "skipped"}
    [row] = checks.probabilities(overstated)
    assert row.verdict == "fail"
    assert row.figure is not None
    assert row.figure > 0


def test_the_same_probabilities_are_not_worse(toy_spec: Specs) -> None:
    [row] = checks.probabilities(evidence(toy_spec(), theirs=1.0))
    assert (row.verdict, row.figure) == ("pass", 0.0)


def test_without_baselines_the_rate_of_the_rows_is_the_reference(toy_spec: Specs) -> None:
    ours = evidence(toy_spec())
    alone = Evidence(ours.spec, {}, ours.judged.drop_columns(["score__other"]))
    [row] = checks.probabilities(alone)
    spread = ours.y.mean() * (1 - ours.y.mean())
    assert (row.name, row.verdict) == ("brier_against_rate", "pass")
    assert row.figure == pytest.approx(np.mean((ours.score - ours.y) ** 2) - spread)


def test_chance_refuses_few_good_models_on_sixty_rows(toy_spec: Specs) -> None:
    """Calibrated probabilities of middling strength (ROC AUC .8), each time on sixty other rows."""
    rng, refused = np.random.default_rng(5), 0
    for _ in range(200):
        score = 1 / (1 + np.exp(-(1.5 * rng.normal(size=60) - 1)))
        y = (rng.random(60) < score).astype(np.int8)
        columns = {"block": np.arange(60), "y": y, "score": score, "score__majority": np.full(60, 0.32)}
        [row] = checks.probabilities(Evidence(toy_spec(), {}, pa.table(columns)))
        refused += row.verdict == "fail"
    assert refused <= 8


def test_recorded_baseline_decision_comes_before_hindsight(toy_spec: Specs) -> None:
    never = np.zeros(2000, np.int8)
    _, recorded = evidence(toy_spec(), decision__other=never).baseline("other")
    _, best = evidence(toy_spec()).baseline("other")
    assert recorded.sum() == 0
    assert best.sum() > 0


def test_champion_that_decides_the_same_is_not_undercut(toy_spec: Specs) -> None:
    same = evidence(toy_spec())
    row = checks.champion(same, same.decision, 3, 0.01)
    assert (row.verdict, row.figure) == ("pass", 0.0)
    assert "version 3" in row.why


def test_a_clearly_better_champion_stays(toy_spec: Specs) -> None:
    ours = evidence(toy_spec(), decision=np.ones(2000, np.int8))
    theirs = (ours.score >= 0.2).astype(np.int8)
    row = checks.champion(ours, theirs, 3, 0.01)
    assert row.verdict == "fail"
    assert row.figure is not None
    assert row.figure > 0.01


def test_champion_of_other_inputs_needs_a_person() -> None:
    row = checks.incomparable(4, BundleError("The rows lack wind.", ""))
    assert row.verdict == "fail"
    assert "Version 4" in row.why
    assert "lack wind" in row.why


def test_true_probabilities_on_few_rows_pass_calibration() -> None:
    rng = np.random.default_rng(1)
    score = rng.uniform(0.1, 0.9, 60)
    y = (rng.random(60) < score).astype(np.int8)
    row = checks.calibration(y, score, 0.05, seed=0)
    assert row.figure is not None
    assert row.figure > 0.05
    assert row.verdict == "pass"
    assert "chance alone" in row.why


def test_wrong_probabilities_fail_calibration() -> None:
    rng = np.random.default_rng(1)
    score = rng.uniform(0.1, 0.9, 5000)
    y = (rng.random(5000) < score / 2).astype(np.int8)
    assert checks.calibration(y, score, 0.05, seed=0).verdict == "fail"


def test_weakest_segment_is_named() -> None:
    def segment(value: str, high: float | None) -> dict[str, Any]:
        return {"column": "town", "value": value, "rows": 300, "roc_auc": {"value": 0.6, "low": 0.5, "high": high}}

    found = {"segments": [segment("north", 0.8), segment("south", 0.62), segment("west", None)]}
    row = checks.weakest_segment(found, 0.65)
    assert (row.verdict, row.figure) == ("fail", 0.62)
    assert "town = south" in row.why
    assert checks.weakest_segment(found, 0.6).verdict == "pass"
    assert checks.weakest_segment({"segments": []}, 0.6).verdict == "skipped"


def test_fairness_judges_each_protected_column() -> None:
    gaps = {"age": {"value": 0.3, "low": 0.2, "high": 0.4}, "sex": {"value": None, "low": None, "high": None}}
    rows = {row.name: row.verdict for row in checks.fairness({"fairness_gap": gaps}, 0.1)}
    assert rows == {"fairness_gap_age": "fail", "fairness_gap_sex": "skipped"}
    [none] = checks.fairness({"fairness_gap": {}}, 0.1)
    assert none.verdict == "skipped"
