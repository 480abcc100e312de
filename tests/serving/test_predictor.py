import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_ledger import FakeLedger
from small_bundle import FOREVER, expected_score, tricky_model
from small_serving import NOON, FakeWriter, a_lineup, a_model, a_predictor, a_row

from serving.errors import ModelFailed, NotReady, Overloaded
from serving.lineup import Lineup
from serving.model import LoadedModel
from serving.predictor import Predictor
from serving.routing.assign import arm_at, shares
from understudy.bundle.manifest import Inputs, ModelInput
from understudy.errors import BundleError, DataError, RequestError, StoreError
from understudy.records import ArmReward, Prediction, Ramp

pytestmark = pytest.mark.integration

HANGS, FAILS = 2000.0, -2000.0


def run(predictor: Predictor, *requests: list[dict[str, Any]]) -> list[Any]:
    """Send requests at once; each gives its predictions, or its error."""

    async def work() -> list[Any]:
        found = await asyncio.gather(*(predictor.predict(rows) for rows in requests), return_exceptions=True)
        await predictor.drain()
        return list(found)

    return asyncio.run(work())


def rows(count: int, **changes: Any) -> list[dict[str, Any]]:
    return [a_row(id=f"h{n}", owner=f"owner {n}", **changes) for n in range(count)]


@pytest.fixture
def challenged(tmp_path: Path) -> Callable[..., Lineup]:
    """A/B of an ordinary champion (version 1) and a tricky challenger (version 2, threshold 0.9)."""

    def make(trips: int = FOREVER, weights: tuple[float, float] = (0.5, 0.5), **changes: Any) -> Lineup:
        champion = a_model(tmp_path / str(trips), 1)
        challenger = a_model(tmp_path / str(trips), 2, tricky_model(trips), threshold=0.95)
        return a_lineup(champion, challenger, weights=weights, salt="s", experiment="e1", **changes)

    return make


def test_a_prediction_holds_all_that_is_known(tmp_path: Path) -> None:
    writer, model = FakeWriter(), a_model(tmp_path, 3)
    with a_predictor(a_lineup(model, revision=7), writer) as predictor:
        [[found]] = run(predictor, [a_row(weight=None, town="west")])
    score = expected_score(1.0, 0.0, "west")
    assert found.score == pytest.approx(score, abs=1e-6)
    assert found == writer.kept[0]
    assert found == Prediction(
        id=found.id, problem="toy", at=NOON, event_time=None, key="h1", unit="ann", standing="live", arm="champion",
        version=3, revision=7, experiment="", propensity=1.0, score=found.score, threshold=0.4, decision=True,
        flags=["unseen category: town"], request=a_row(weight=None, town="west"),
        inputs={"size": 1.0, "weight": None, "town": "west"}, latency_ms=found.latency_ms,
    )  # fmt: skip
    assert 0 < found.latency_ms < 1000
    assert json.loads(json.dumps(found.inputs)) == found.inputs


def test_requests_at_once_are_scored_and_stored_together(tmp_path: Path) -> None:
    writer = FakeWriter()
    with a_predictor(a_lineup(a_model(tmp_path)), writer) as predictor:
        found = run(predictor, *([a_row(size=float(n))] for n in range(-8, 8)))
    assert writer.groups == [16]
    for n, [prediction] in zip(range(-8, 8), found, strict=True):
        assert prediction.score == pytest.approx(expected_score(n, 0.5, "north"), abs=1e-6)
        assert prediction.decision == (prediction.score >= 0.4)
    assert len({prediction.id for [prediction] in found}) == 16


def test_a_request_of_many_rows_keeps_their_order(tmp_path: Path) -> None:
    with a_predictor(a_lineup(a_model(tmp_path)), turn_rows=64) as predictor:
        [found] = run(predictor, [a_row(id=f"h{n}", size=n / 1000) for n in range(1000)])
        assert predictor.batcher.batches > 30
    assert [prediction.key for prediction in found] == [f"h{n}" for n in range(1000)]
    scores = [prediction.score for prediction in found]
    assert scores == sorted(scores)


def test_a_slow_champion_leaves_the_event_loop_free(tmp_path: Path) -> None:
    model = a_model(tmp_path, model=tricky_model(trips=40_000))
    model.inline_rows = 1

    async def work(predictor: Predictor) -> tuple[list[Prediction], int]:
        asked = asyncio.ensure_future(predictor.predict(rows(2, size=HANGS)))
        turns = 0
        while not asked.done():
            await asyncio.sleep(0.001)
            turns += 1
        return asked.result(), turns

    with a_predictor(a_lineup(model)) as predictor:
        found, turns = asyncio.run(work(predictor))
    assert [prediction.score for prediction in found] == [1.0, 1.0]
    assert turns > 10


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


def test_a_failing_champion_fails_its_request_alone(tmp_path: Path) -> None:
    writer = FakeWriter()
    with a_predictor(a_lineup(a_model(tmp_path, model=tricky_model())), writer) as predictor:
        good, bad, other = run(predictor, [a_row()], [a_row(), a_row(size=FAILS)], [a_row()])
    assert isinstance(bad, ModelFailed)
    assert (len(good), len(other), len(writer.kept)) == (1, 1, 2)


def test_a_failing_feature_fails_its_request_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with a_predictor(a_lineup(a_model(tmp_path))) as predictor:
        whole = predictor.features.of

        def of(some: Any) -> Any:
            if any(row["town"] == "nowhere" for row in some):
                raise ZeroDivisionError("no town")
            return whole(some)

        monkeypatch.setattr(predictor.features, "of", of)
        good, bad = run(predictor, [a_row()], [a_row(town="nowhere")])
    assert len(good) == 1
    assert isinstance(bad, ModelFailed)
    assert "ZeroDivisionError: no town" in bad.what


def test_what_is_not_stored_is_not_answered(tmp_path: Path) -> None:
    writer = FakeWriter()
    writer.failing = StoreError("The disk is full.")
    with a_predictor(a_lineup(a_model(tmp_path)), writer) as predictor:
        assert [str(found) for found in run(predictor, [a_row()], [a_row()])] == ["The disk is full."] * 2
        writer.failing = None
        assert len(run(predictor, [a_row()])[0]) == 1
        assert predictor.batcher.rows == 0


def test_a_row_that_cannot_be_stored_fails_its_request_alone(tmp_path: Path) -> None:
    class Picky(FakeWriter):
        async def write(self, predictions: list[Prediction]) -> None:
            if any(prediction.key == "bad" for prediction in predictions):
                raise DataError("This key cannot be stored.")
            await super().write(predictions)

    writer = Picky()
    with a_predictor(a_lineup(a_model(tmp_path)), writer) as predictor:
        good, bad, other = run(predictor, rows(2), [a_row(id="bad")], rows(1))
    assert isinstance(bad, DataError)
    assert (len(good), len(other), len(writer.kept)) == (2, 1, 3)


def test_nothing_deployed_is_not_ready_and_too_much_is_refused(tmp_path: Path) -> None:
    with a_predictor(waiting_rows=10) as predictor:
        assert isinstance(run(predictor, [a_row()])[0], NotReady)
        predictor.lineup = a_lineup(a_model(tmp_path))
        first, second = run(predictor, rows(8), rows(8))
    assert len(first) == 8
    assert isinstance(second, Overloaded)
    assert second.retry_after > 0


def test_a_model_of_other_inputs_does_not_come_in(tmp_path: Path) -> None:
    good = a_model(tmp_path)
    with a_predictor(a_lineup(good)) as predictor:
        before = predictor.lineup
        odd = a_model(tmp_path, 2)
        other = Inputs(numbers=odd.manifest.inputs.numbers[::-1], categories=(ModelInput(name="town"),))
        odd.manifest = odd.manifest.model_copy(update={"inputs": other})
        with pytest.raises(BundleError, match="Version 2 is refused: it reads other inputs"):
            predictor.lineup = a_lineup(odd)
        assert predictor.lineup is before


def test_swaps_under_load_keep_score_and_version_together(tmp_path: Path) -> None:
    one = a_model(tmp_path, 1)
    two = a_model(tmp_path, 2, tricky_model(trips=1), threshold=0.9)
    lineups = [a_lineup(one), a_lineup(two, revision=2)]

    async def work(predictor: Predictor) -> list[Prediction]:
        asked = []
        for n in range(200):
            predictor.lineup = lineups[n % 2]
            asked.append(asyncio.ensure_future(predictor.predict(rows(3))))
            if n % 3 == 0:
                await asyncio.sleep(0)
        return [prediction for found in await asyncio.gather(*asked) for prediction in found]

    with a_predictor(lineups[0]) as predictor:
        found = asyncio.run(work(predictor))
    assert {(p.version, p.revision, p.threshold) for p in found} == {(1, 1, 0.4), (2, 2, 0.9)}
    assert len(found) == 600


def test_reasons_of_a_row_and_of_a_stored_prediction_are_the_same(tmp_path: Path) -> None:
    async def ask(call: Callable[[], Awaitable[Any]]) -> Any:
        return await call()

    with a_predictor(a_lineup(a_model(tmp_path))) as predictor:
        row, other = a_row(weight=None), a_model(tmp_path, 9)
        [[made]] = run(predictor, [row])
        of_row = asyncio.run(ask(lambda: predictor.explain(row)))
        stored = {name: getattr(made, name) for name in Prediction.__slots__}

        def recall(problem: str, revision: int, version: int, loaded: Any) -> LoadedModel:
            known = {("toy", 1, 1): next(iter(loaded.values())), ("toy", 4, 9): other}
            return known[problem, revision, version]

        assert asyncio.run(ask(lambda: predictor.explain_prediction(stored, recall))) == of_row
        assert of_row.score == made.score
        earlier = {**stored, "version": 9, "revision": 4}
        assert asyncio.run(ask(lambda: predictor.explain_prediction(earlier, recall))).version == 9
        with pytest.raises(RequestError, match="its live prediction is abc"):
            asyncio.run(ask(lambda: predictor.explain_prediction({**stored, "inputs": {}, "live": "abc"}, recall)))


def test_scores_do_not_depend_on_the_company(tmp_path: Path) -> None:
    draw = np.random.default_rng(5)
    some = [a_row(id=f"h{n}", size=float(draw.normal()), town=draw.choice(["north", "south"])) for n in range(40)]
    with a_predictor(a_lineup(a_model(tmp_path))) as predictor:
        together = [p.score for [p] in run(predictor, *([row] for row in some))]
        alone = [run(predictor, [row])[0][0].score for row in some]
    assert together == alone
