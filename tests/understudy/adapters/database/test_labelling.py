"""Labels: the first stands, others are kept and flagged, and arms are rewarded by them."""

from datetime import datetime, timedelta

import pytest
from fake_ledger import FakeLedger
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_predictions import START, a_prediction, a_shadow

from understudy.adapters.database.engine import Database
from understudy.adapters.database.ledger import SqlLedger
from understudy.errors import DataError
from understudy.records import ArmReward, Label

pytestmark = pytest.mark.integration
NOW = START + timedelta(days=1)
COSTS = {"false_positive": 1.0, "false_negative": 5.0, "true_positive": 0.0, "true_negative": 0.0}


@pytest.fixture
def ledger(database: Database) -> SqlLedger:
    return SqlLedger(database, clock=lambda: NOW)


def told(ledger: SqlLedger) -> dict[str, tuple[float | None, datetime | None, bool]]:
    return {r["id"]: (r["label"], r["labelled_at"], r["contradicted"]) for rows in ledger.read("toy") for r in rows}


def by_id(value: float, number: int = 1) -> Label:
    return Label("toy", value, prediction=f"p{number:04d}")


def by_key(value: float, number: int = 1) -> Label:
    return Label("toy", value, key=f"k{number}")


def test_the_first_label_stands_and_a_contradiction_is_kept(ledger: SqlLedger) -> None:
    ledger.append([a_prediction(1), a_prediction(2)])
    assert ledger.label([by_id(1.0), by_id(1.0), by_id(0.0), by_id(0.0)]) == (
        "stored", "repeated", "contradicts", "contradicts",
    )  # fmt: skip
    assert ledger.label([by_id(1.0), by_id(0.0)]) == ("repeated", "contradicts")
    assert told(ledger) == {"p0001": (1.0, NOW, True), "p0002": (None, None, False)}
    with ledger._database.reading() as connection:
        kept = connection.exec_driver_sql("SELECT value, contradicts FROM labels ORDER BY value").all()
    assert [(value, bool(contradicts)) for value, contradicts in kept] == [(0.0, True), (1.0, False)]


def test_a_label_by_key_joins_every_prediction_of_that_key_also_later_ones(ledger: SqlLedger) -> None:
    landed = START + timedelta(hours=5)
    assert ledger.label([Label("toy", 1.0, key="k1", landed_at=landed, source="ops")]) == ("stored",)
    ledger.append([a_prediction(1), a_prediction(2, key="k1"), a_prediction(3), a_prediction(4, key="")])
    assert {name: value for name, (value, _, _) in told(ledger).items()} == {
        "p0001": 1.0, "p0002": 1.0, "p0003": None, "p0004": None,
    }  # fmt: skip
    assert told(ledger)["p0001"][1] == landed


def test_a_shadow_shares_the_label_of_what_was_answered(ledger: SqlLedger) -> None:
    ledger.append([a_prediction(1, key=""), a_shadow(1, key="")])
    ledger.label([by_id(1.0), by_id(0.0)])
    assert told(ledger) == {"p0001": (1.0, NOW, True), "s0001": (1.0, NOW, True)}


@pytest.mark.parametrize(("first", "second"), [(by_id, by_key), (by_key, by_id)])
def test_labels_by_id_and_by_key_are_held_against_each_other(ledger: SqlLedger, first, second) -> None:  # type: ignore[no-untyped-def]
    ledger.append([a_prediction(1), a_prediction(2)])
    assert ledger.label([first(1.0)]) == ("stored",)
    assert ledger.label([second(0.0)]) == ("contradicts",)
    assert told(ledger)["p0001"] == (1.0, NOW, True)
    assert ledger.label([first(0.0, 2), second(0.0, 2)]) == ("stored", "stored")
    assert told(ledger)["p0002"] == (0.0, NOW, False)


@pytest.mark.parametrize("label", [Label("toy", 1.0), Label("toy", float("nan"), key="k1")])
def test_a_label_of_nothing_or_without_a_number_is_refused_with_its_batch(ledger: SqlLedger, label: Label) -> None:
    with pytest.raises(DataError):
        ledger.label([by_id(1.0), label])
    ledger.append([a_prediction(1)])
    assert told(ledger)["p0001"] == (None, None, False)


def test_many_labels_at_once(ledger: SqlLedger) -> None:
    ledger.append([a_prediction(number) for number in range(1300)])
    assert set(ledger.label([by_key(number % 2, number) for number in range(1300)])) == {"stored"}
    assert set(ledger.label([by_id(number % 2, number) for number in range(1300)])) == {"stored"}
    assert {name: value for name, (value, _, _) in told(ledger).items()} == {
        f"p{number:04d}": number % 2 for number in range(1300)
    }


def test_arms_are_rewarded_by_cost_each_decision_once(ledger: SqlLedger) -> None:
    ledger.append(
        [
            a_prediction(1, decision=True),  # right
            a_prediction(2, decision=False),  # missed: 5
            a_prediction(3, decision=True),  # false alarm: 1
            a_prediction(4, decision=False, arm="challenger"),  # right
            a_prediction(5, decision=True, arm="challenger", revision=2),  # false alarm
            a_prediction(6, decision=True),  # nobody knows
            a_prediction(7, decision=True, problem="other"),
            a_shadow(1, decision=False),
        ]
    )
    ledger.label([by_id(1.0), by_key(1.0), by_key(1.0, 2), by_id(0.0, 3), by_id(0.0, 4), by_id(0.0, 5)])
    ledger.label([by_id(0.0, 2), Label("other", 1.0, key="k7")])
    assert ledger.rewards("toy", 1, COSTS) == (
        ArmReward("challenger", 2, pytest.approx(1.8)),
        ArmReward("champion", 3, pytest.approx(1.8)),
    )
    assert ledger.rewards("toy", 2, COSTS) == (ArmReward("challenger", 1, pytest.approx(0.8)),)
    gains = {**COSTS, "true_positive": -5.0}
    assert ledger.rewards("toy", 1, gains)[1] == ArmReward("champion", 3, pytest.approx(1.0 + 0.0 + 0.4))
    assert ledger.rewards("toy", 1, dict.fromkeys(COSTS, 0.0))[1] == ArmReward("champion", 3, 3.0)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from([0.0, 1.0])), max_size=12))
def test_it_agrees_with_the_fake_on_labels_by_id(ledger: SqlLedger, given_labels: list[tuple[int, float]]) -> None:
    fake = FakeLedger()
    ledger.retain("toy", NOW + timedelta(days=1))
    for one in (fake, ledger):
        one.append([a_prediction(number, key="") for number in range(6)])
    labels = [by_id(value, number) for number, value in given_labels]
    assert [ledger.label([label])[0] for label in labels] == [fake.label([label])[0] for label in labels]
    names = ("id", "label", "contradicted")
    mine, theirs = ([[row[n] for n in names] for rows in one.read("toy") for row in rows] for one in (ledger, fake))
    assert mine == theirs
    expected = [(r.arm, r.decisions, pytest.approx(r.reward)) for r in fake.rewards("toy", 1, COSTS)]
    assert [(r.arm, r.decisions, r.reward) for r in ledger.rewards("toy", 1, COSTS)] == expected
