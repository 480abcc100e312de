"""Arms that share the traffic: who answers whom, and who steps in."""

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asked_at_once import rows, run
from fake_ledger import FakeLedger
from small_bundle import FOREVER, tricky_model
from small_serving import NOON, FakeWriter, a_lineup, a_model, a_predictor, a_row

from serving.lineup import Lineup
from serving.predictor import Predictor
from serving.routing.assign import arm_at, shares
from understudy.records import ArmReward, Ramp

pytestmark = pytest.mark.integration

HANGS, FAILS = 2000.0, -2000.0


@pytest.fixture
def challenged(tmp_path: Path) -> Callable[..., Lineup]:
    """A/B of an ordinary champion (version 1) and a tricky challenger (version 2, threshold 0.9)."""

    def make(trips: int = FOREVER, weights: tuple[float, float] = (0.5, 0.5), **changes: Any) -> Lineup:
        champion = a_model(tmp_path / str(trips), 1)
        challenger = a_model(tmp_path / str(trips), 2, tricky_model(trips), threshold=0.95)
        return a_lineup(champion, challenger, weights=weights, salt="s", experiment="e1", **changes)

    return make


def test_units_are_assigned_by_the_salted_hash(challenged: Callable[..., Lineup]) -> None:
    lineup = challenged()
    with a_predictor(lineup) as predictor:
        [found] = run(predictor, rows(400))
    expected = [
        ("champion", "challenger")[arm_at(share, (0.5, 0.5))]
        for share in shares("s", [f"owner {n}" for n in range(400)])
    ]
    assert [prediction.arm for prediction in found] == expected
    assert 150 < Counter(expected)["champion"] < 250
    assert {prediction.propensity for prediction in found} == {0.5}
    assert {(p.arm, p.version, p.threshold, p.experiment) for p in found} == {
        ("champion", 1, 0.4, "e1"), ("challenger", 2, 0.95, "e1"),
    }  # fmt: skip
    assert {(p.arm, p.decision) for p in found} == {("champion", True), ("challenger", False)}


def test_without_a_unit_the_key_is_assigned(challenged: Callable[..., Lineup]) -> None:
    with a_predictor(challenged()) as predictor:
        [found] = run(predictor, [a_row(id=f"h{n}", owner=None) for n in range(100)])
        [again] = run(predictor, [a_row(id=f"h{n}", owner=None) for n in range(100)])
        [free] = run(predictor, [a_row(id=None, owner=None) for _ in range(100)])
    assert [p.arm for p in found] == [p.arm for p in again]
    assert {p.unit for p in found} == {""}
    assert 20 < Counter(p.arm for p in free)["champion"] < 80


@pytest.mark.parametrize(("size", "reason"), [(FAILS, "error"), (HANGS, "timeout")])
def test_the_champion_answers_for_a_challenger_that_fails(
    challenged: Callable[..., Lineup], size: float, reason: str
) -> None:
    writer = FakeWriter()
    with a_predictor(challenged(weights=(0.0, 1.0)), writer, challenger_time=0.1) as predictor:
        [found, plain] = run(predictor, rows(3, size=size), [a_row()])
    assert [(p.arm, p.version, p.fallback, p.propensity) for p in found] == [("champion", 1, reason, 1.0)] * 3
    assert found[0].flags == ["assigned: challenger"]
    assert found[0].score == (1.0 if size == HANGS else 0.0)
    assert plain[0].fallback == reason  # of the same batch
    assert len(writer.kept) == 4


def test_nobody_of_the_champion_waits_for_a_challenger_that_hangs(challenged: Callable[..., Lineup]) -> None:
    ended: list[str] = []

    async def ask(predictor: Predictor, owner: str) -> None:
        [found] = await predictor.predict([a_row(owner=owner, size=HANGS)])
        ended.append(found.fallback)

    async def work(predictor: Predictor) -> None:
        await asyncio.gather(*(ask(predictor, f"owner {n}") for n in range(40)))

    with a_predictor(challenged(), challenger_time=0.2) as predictor:
        asyncio.run(work(predictor))
    assert ended == sorted(ended)  # those without a fallback first
    assert Counter(ended) == {"": ended.count(""), "timeout": 40 - ended.count("")}
    assert 10 < ended.count("") < 30


def test_a_failing_challenger_is_taken_out(challenged: Callable[..., Lineup]) -> None:
    with a_predictor(challenged(weights=(0.0, 1.0)), breaker_fewest=3) as predictor:
        reasons = [run(predictor, [a_row(size=FAILS)])[0][0].fallback for _ in range(5)]
        lineup = predictor.lineup
        assert lineup is not None
        predictor.lineup = Lineup(lineup.deployment.model_copy(update={"revision": 2}), lineup.models)
        [after] = run(predictor, [a_row()])
    assert reasons == ["error"] * 3 + ["open circuit"] * 2
    assert after[0].fallback == "open circuit"  # a new revision with the same arm does not forget


def test_the_kill_switch_sends_all_to_the_champion(challenged: Callable[..., Lineup]) -> None:
    with a_predictor(challenged(weights=(0.1, 0.9), killed=True)) as predictor:
        [found] = run(predictor, rows(50))
        assert predictor.shares() == (1.0, 0.0)
    assert {(p.arm, p.propensity) for p in found} == {("champion", 1.0)}


def test_a_canary_ramps(challenged: Callable[..., Lineup]) -> None:
    lineup = challenged(mode="canary", ramp=Ramp(shares=(0.0, 0.5, 1.0), hold=60.0))
    with a_predictor(lineup) as predictor:
        assert predictor.shares() == (1.0, 0.0)
        predictor.clock = lambda: NOON.replace(minute=1)
        assert predictor.shares() == (0.5, 0.5)
        predictor.clock = lambda: NOON.replace(minute=5)
        [found] = run(predictor, rows(20))
    assert {(p.arm, p.propensity) for p in found} == {("challenger", 1.0)}


def test_a_bandit_follows_its_rewards(challenged: Callable[..., Lineup]) -> None:
    with a_predictor(challenged(mode="bandit"), exploration=0.05) as predictor:
        assert predictor.shares() == pytest.approx((0.5, 0.5))
        predictor.reward([ArmReward("champion", 300, 150.0), ArmReward("challenger", 300, 250.0)])
        [found] = run(predictor, rows(1000))
        lineup = predictor.lineup
        assert lineup is not None
        predictor.lineup = Lineup(lineup.deployment.model_copy(update={"revision": 2}), lineup.models, learning_since=1)
        assert predictor.shares() == pytest.approx((0.05, 0.95))
        predictor.lineup = Lineup(lineup.deployment.model_copy(update={"revision": 3}), lineup.models)
        assert predictor.shares() == pytest.approx((0.5, 0.5))
    counts = Counter((p.arm, round(p.propensity, 2)) for p in found)
    assert set(counts) == {("champion", 0.05), ("challenger", 0.95)}
    assert 20 < counts["champion", 0.05] < 90


def test_learning_asks_the_ledger_only_for_a_bandit(challenged: Callable[..., Lineup]) -> None:
    class Ledger(FakeLedger):
        asked: list[Any] = []

        def rewards(self, *said: Any) -> tuple[ArmReward, ...]:
            self.asked.append(said)
            return (ArmReward("challenger", 900, 900.0),)

    with a_predictor(challenged()) as predictor:
        asyncio.run(predictor.learn(Ledger()))
        assert Ledger.asked == []
        predictor.lineup = challenged(1, mode="bandit", revision=5)
        asyncio.run(predictor.learn(Ledger()))
        assert Ledger.asked == [
            ("toy", 5, {"false_positive": 1.0, "false_negative": 5.0, "true_positive": 0.0, "true_negative": 0.0})
        ]
        assert predictor.shares()[1] > 0.9
