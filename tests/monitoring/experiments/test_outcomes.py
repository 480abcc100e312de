"""Answers as columns: whose they are, what they cost, and which fields go with them."""

from pathlib import Path

import numpy as np
import pytest
from fake_ledger import FakeLedger
from small_predictions import a_prediction, a_shadow
from watched_problem import watched

from monitoring.experiments.outcomes import Asked, assigned, cost_of, outcomes_of, read_outcomes, unit_of
from understudy.adapters import open_ledger
from understudy.ports import Ledger
from understudy.problem.decision import Costs
from understudy.records import Arm, Deployment, Label
from understudy.settings import Settings

pytestmark = pytest.mark.integration

COSTS = Costs(false_positive=1, false_negative=5, true_positive=0.5, true_negative=0)
FELL = a_prediction(2, fallback="error", flags=["unseen category: town", "assigned: challenger"], unit="")


@pytest.fixture(params=["fake", "sqlite"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Ledger:
    return FakeLedger() if request.param == "fake" else open_ledger(Settings(root=tmp_path, home=tmp_path))


def revision(number: int) -> Deployment:
    arm = Arm(name="champion", version=1, digest="a" * 64, weight=1.0)
    at = a_prediction(0).at
    return Deployment(
        problem="toy", revision=number, mode="single", arms=(arm,), change="deploy", who="", why="", at=at
    )


def test_only_live_rows_of_the_revisions_count_with_what_was_asked_for(ledger: Ledger) -> None:
    mine = [a_prediction(1, revision=3), a_prediction(3, revision=4, arm="challenger"), a_shadow(3, revision=4)]
    ledger.append([*mine, a_prediction(4, revision=2), a_prediction(5, revision=5)])
    ledger.label([Label("toy", 1.0, prediction="p0003"), Label("toy", 0.0, key="k1")])
    spec = watched()
    outcomes = read_outcomes(ledger, spec, revision(3), {3, 4}, COSTS, Asked.of(spec, ["town", "weight"]))
    assert outcomes.arm.tolist() == ["champion", "challenger"]
    assert outcomes.cost.tolist() == [1.0, 0.5]
    assert {name: list(values) for name, values in outcomes.columns.items()} == {
        "town": ["ash", "ash"], "weight": [None, None],
    }  # fmt: skip
    assert outcomes.of("challenger").unit.tolist() == ["u0"]


def test_answers_hold_the_named_fields_only(ledger: Ledger) -> None:
    ledger.append([a_prediction(1), a_prediction(2, revision=0), a_prediction(3, at=a_prediction(0).at)])
    ((row,),) = ledger.answers("toy", a_prediction(1).at, 1, request=("town", "gone"), inputs=("size",), chunk=1)
    assert row["request"] == {"town": "ash", "gone": None}
    assert row["inputs"] == {"size": 1.5}
    assert (row["id"], row["label"], row["flags"]) == ("p0001", None, [])
    whole = next(iter(ledger.read("toy")))[0]
    assert set(row) == set(whole) - {"contradicted"}


def test_answers_come_by_chunks_in_the_order_of_time(ledger: Ledger) -> None:
    ledger.append([a_prediction(number) for number in range(25, 0, -1)])
    chunks = list(ledger.answers("toy", a_prediction(0).at, 1, chunk=10))
    assert [len(rows) for rows in chunks] == [10, 10, 5]
    assert [row["id"] for rows in chunks for row in rows] == [f"p{number:04d}" for number in range(1, 26)]


def test_a_fallback_belongs_to_the_arm_it_was_assigned_to() -> None:
    row = {name: getattr(FELL, name) for name in FELL.__slots__}
    assert assigned(row) == "challenger"
    assert assigned({**row, "fallback": "", "flags": ["assigned: challenger"]}) == "champion"
    outcomes = outcomes_of([{**row, "label": None}], COSTS)
    assert outcomes.arm.tolist() == ["challenger"]
    assert (outcomes.own.tolist(), outcomes.failed.tolist()) == ([False], [True])
    assert np.isnan(outcomes.cost).all()


def test_units_are_what_the_router_parts_by() -> None:
    assert unit_of({"unit": "u", "key": "k", "id": "p"}) == "u"
    assert unit_of({"unit": "", "key": "k", "id": "p"}) == "k"
    assert unit_of({"unit": "", "key": "", "id": "p"}) == "p"


def test_costs_follow_decision_and_truth() -> None:
    cost = cost_of(np.array([True, True, False, False, True]), np.array([1, 0, 1, 0, np.nan]), COSTS)
    assert cost.tolist()[:4] == [0.5, 1.0, 5.0, 0.0]
    assert np.isnan(cost[4])


def test_nothing_is_an_outcome_too() -> None:
    nothing = outcomes_of([], COSTS, Asked(("town",)))
    assert len(nothing) == 0
    assert nothing.units("champion") == 0
    assert nothing.of("champion").columns == {"town": []}
