import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asked_at_once import rows, run
from small_bundle import expected_score, tricky_model
from small_serving import NOON, FakeWriter, a_lineup, a_model, a_predictor, a_row

from serving.errors import ModelFailed, NotReady, Overloaded
from serving.model import LoadedModel
from serving.predictor import Predictor
from understudy.bundle.manifest import Inputs, ModelInput
from understudy.errors import BundleError, DataError, RequestError, StoreError
from understudy.records import Prediction

pytestmark = pytest.mark.integration

HANGS, FAILS = 2000.0, -2000.0


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
