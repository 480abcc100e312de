"""What the shadows' process says to what it is given."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_bundle import expected_score, tricky_model
from small_predictions import a_prediction
from small_serving import a_model

from serving.errors import ModelFailed
from serving.features import Features
from serving.model import LoadedModel
from serving.shadow import worker
from serving.shadow.frames import pack, receive
from serving.shadow.records import Judge
from serving.shadow.rows import Rows
from serving.shadow.worker import PIECE, SAMPLE, Worker, by_halves, sound_scores
from understudy.errors import StoreError
from understudy.records import Prediction

pytestmark = pytest.mark.integration

FAILS = -2000.0
TRIED = 1 + len(SAMPLE)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    return a_model(tmp_path_factory.mktemp("tricky"), model=tricky_model())


@settings(deadline=None, max_examples=30)
@given(st.lists(st.sampled_from([0.25, 1.0, FAILS]), min_size=2, max_size=20))
def test_rows_that_a_model_fails_at_do_not_take_others_along(model: LoadedModel, sizes: list[float]) -> None:
    numbers = np.array([[size, 0.5] for size in sizes], np.float32)
    scores, error = by_halves(model, numbers, np.full((len(sizes), 1), "north", dtype=object), "")
    expected = [np.nan if size == FAILS else expected_score(size, 0.5, "north") for size in sizes]
    np.testing.assert_allclose(scores, expected, atol=1e-6)
    assert error.startswith("Version 1 cannot score") == (FAILS in sizes)


class Asked:
    """A model that fails at some rows, and counts how often it is asked."""

    def __init__(self, failing: Sequence[int]) -> None:
        self.failing, self.times = set(failing), 0

    def score(self, numbers: Any, categories: Any) -> Any:
        self.times += 1
        if self.failing & set(numbers[:, 0].tolist()):
            raise ModelFailed("It cannot score.", "Deploy another version.")
        return np.full(len(numbers), 0.5, np.float32)


@pytest.mark.parametrize(
    ("failing", "lost", "most"),
    [
        (range(PIECE), range(PIECE), TRIED),
        ([7], [7], TRIED + 2 * 5),
        ([row for row in range(PIECE) if row != 19], [row for row in range(PIECE) if row != 19], TRIED + 2 * PIECE),
        ([row for row in range(PIECE) if row != 5], range(PIECE), TRIED),
        ([0, 10, 20], [0, 10, 20], TRIED + 2 * 3 * 5),
        (range(0, PIECE, 3), range(0, PIECE, 3), TRIED + 2 * PIECE),
        (range(0, PIECE, 2), range(0, PIECE, 2), TRIED + 2 * PIECE),
    ],
    ids=["all", "one", "all but one tried", "all but one not tried", "some tried", "each third", "each second"],
)
def test_a_model_that_only_fails_is_not_asked_about_each_row(
    failing: Sequence[int], lost: Sequence[int], most: int
) -> None:
    asked = Asked(failing)
    scores, error = sound_scores(asked, np.arange(PIECE, dtype=np.float32)[:, None], None)  # type: ignore[arg-type]
    assert np.flatnonzero(np.isnan(scores)).tolist() == list(lost)
    assert error.startswith("It cannot score")
    assert error.endswith("were not tried.") == (asked.times == TRIED)
    assert asked.times <= most


class Ledger:
    """Takes what it is given, once it has refused so many times."""

    def __init__(self) -> None:
        self.stored: list[Prediction] = []
        self.settled = self.refusals = 0

    def append(self, made: list[Prediction]) -> None:
        if self.refusals:
            self.refusals -= 1
            raise StoreError("It is locked.", "Wait.")
        self.stored += made

    def settle(self) -> None:
        self.settled += 1


class Working:
    """A worker in a thread, and the server's end of its socket."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.at_work = False
        self.ours, self.theirs = socket.socketpair()
        self.thread = Thread(target=Worker(self.theirs, self.ledger, self.surrounded).run)  # type: ignore[arg-type]
        self.thread.start()

    @contextmanager
    def surrounded(self) -> Iterator[None]:
        self.at_work = True
        try:
            yield
        finally:
            self.at_work = False

    def say(self, frame: bytes) -> None:
        self.ours.sendall(frame)

    def hear(self) -> dict[str, Any]:
        frame = receive(self.ours)
        assert frame is not None
        return frame[0]

    def load(self, number: int, *wanted: dict[str, Any]) -> list[dict[str, Any]]:
        self.say(pack({"load": wanted, "number": number}))
        return [self.hear() for _ in range(2 * len(wanted))]

    def close(self) -> None:
        self.ours.shutdown(socket.SHUT_WR)
        self.thread.join()
        self.theirs.close()
        self.ours.close()


@pytest.fixture
def working() -> Iterator[Working]:
    made = Working()
    yield made
    made.close()


def wanted(model: LoadedModel) -> dict[str, Any]:
    code = model.manifest.features.code_hash
    return {"digest": model.digest, "folder": str(model.bundle.folder), "version": model.version, "code_hash": code}


def test_it_says_what_it_loads_before_and_after(working: Working, model: LoadedModel) -> None:
    said = working.load(7, wanted(model))
    assert said == [
        {"loading": model.digest, "number": 7},
        {"loaded": model.digest, "number": 7, "error": ""},
    ]


def test_whatever_loading_raises_is_said_and_others_are_loaded(
    working: Working, model: LoadedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(folder: Path, *_: Any) -> LoadedModel:
        if folder == tmp_path:
            raise MemoryError
        return model

    monkeypatch.setattr(LoadedModel, "load", load)
    broken = {**wanted(model), "digest": "broken", "folder": str(tmp_path)}
    errors = {said["loaded"]: said["error"] for said in working.load(1, broken, wanted(model)) if "loaded" in said}
    assert errors == {"broken": "MemoryError()", model.digest: ""}


Seen = list[tuple[str, bool]]


@pytest.fixture
def seen(working: Working, monkeypatch: pytest.MonkeyPatch) -> Seen:
    """Steps that the worker takes, each with whether it is surrounded."""
    steps: Seen = []

    def noting(owner: Any, name: str) -> None:
        done = getattr(owner, name)

        def noted(*given: Any) -> Any:
            steps.append((name, working.at_work))
            return done(*given)

        monkeypatch.setattr(owner, name, noted)

    for name in ("unpack", "records"):
        noting(worker, name)
    for name in ("load", "score"):
        noting(LoadedModel, name)
    for name in ("append", "settle"):
        noting(Ledger, name)
    return steps


def test_each_step_is_surrounded(working: Working, model: LoadedModel, seen: Seen) -> None:
    working.load(1, wanted(model))
    working.say(one_row(model))
    assert [working.hear() for _ in range(2)] == [{"scored": 1, "failed": 0}, {"stored": 1, "unstored": ""}]
    assert seen[0] == ("load", True)
    assert seen[-5:] == [(name, True) for name in ("unpack", "score", "records", "append", "settle")]


@pytest.mark.parametrize("refusals", [1, 2])
def test_what_a_ledger_refuses_is_tried_again_without_surroundings(
    working: Working, model: LoadedModel, seen: Seen, refusals: int
) -> None:
    working.ledger.refusals = refusals
    working.load(1, wanted(model))
    working.say(one_row(model))
    working.hear()
    refused = "It is locked. Wait." if refusals == 2 else ""
    assert working.hear() == {"stored": 1, "unstored": refused}
    assert [step for step in seen if step[0] == "append"] == [("append", True), ("append", False)]
    assert len(working.ledger.stored) == 2 - refusals


def one_row(model: LoadedModel) -> bytes:
    rows = Rows()
    tensors = Features(np.array([[1.0, 0.5]], np.float32), np.full((1, 1), "north", dtype=object), None, [""])
    rows.add([a_prediction(1)], tensors)
    return rows.frame([(1, Judge("shadow", 1, model.digest, 0.5))])


def test_a_slow_model_is_said_to_be_alive(
    working: Working, model: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.shadow.worker.PIECE", 2)
    monkeypatch.setattr("serving.shadow.worker.ALIVE", 0.0)
    working.load(1, wanted(model))
    judge = Judge("shadow", 1, model.digest, 0.5)
    live = [a_prediction(number) for number in range(5)]
    sizes = [0.25, FAILS, 1.0, 0.25, 0.5]
    numbers = np.array([[size, 0.5] for size in sizes], np.float32)
    texts = np.full((5, 1), "north", dtype=object)
    rows = Rows()
    rows.add(live, Features(numbers, texts, None, [""] * 5))
    working.say(rows.frame([(1, judge)]))
    assert [working.hear() for _ in range(5)] == [
        *[{"alive": True}] * 3,
        {"scored": 1, "failed": 1},
        {"stored": 1, "unstored": ""},
    ]
    stored = {prediction.live: prediction for prediction in working.ledger.stored}
    assert stored[live[1].id].score is None
    assert stored[live[1].id].error.startswith("Version 1 cannot score")
    for number in (0, 2, 3, 4):
        expected = expected_score(sizes[number], 0.5, "north")
        assert stored[live[number].id].score == pytest.approx(expected, abs=1e-6)
