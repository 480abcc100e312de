"""How long stages took, and how long is left."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.running.timings import FIRST_GUESS, Timings, seconds_left

pytestmark = pytest.mark.unit

KNOWN = {"ingest": 2.0, "tune": 60.0, "train": 8.0}


def test_profiles_are_remembered_apart(tmp_path: Path) -> None:
    Timings(tmp_path, "toy", "full").remember("tune", 60.0)
    Timings(tmp_path, "toy", "fast").remember("tune", 5.00049)
    Timings(tmp_path, "toy", "full").remember("train", 8.0)
    assert Timings(tmp_path, "toy", "full").known() == FIRST_GUESS | {"tune": 60.0, "train": 8.0}
    assert Timings(tmp_path, "toy", "fast").known() == FIRST_GUESS | {"tune": 5.0}
    assert Timings(tmp_path, "other", "full").known() == FIRST_GUESS


def test_a_garbled_file_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "timings").mkdir()
    (tmp_path / "timings" / "toy.json").write_text("{")
    timings = Timings(tmp_path, "toy", "full")
    assert timings.known() == FIRST_GUESS
    timings.remember("tune", 1.0)
    assert timings.known() == FIRST_GUESS | {"tune": 1.0}


def test_left_is_what_history_leaves_of_the_running_stage_and_those_to_come() -> None:
    assert seconds_left(["train"], KNOWN, "tune", elapsed=20.0, share=0.1) == 48.0
    assert seconds_left(["train"], KNOWN, "tune", elapsed=90.0, share=0.1) == 8.0
    assert seconds_left(["tune", "train"], KNOWN, None, elapsed=0.0, share=0.0) == 68.0


def test_without_history_the_share_done_says_how_long() -> None:
    assert seconds_left(["train"], KNOWN, "probe", elapsed=3.0, share=0.25) == 9.0 + 8.0
    assert seconds_left(["train"], KNOWN, "probe", elapsed=3.0, share=0.0) is None
    assert seconds_left(["probe"], KNOWN, "tune", elapsed=3.0, share=0.5) is None


@given(st.floats(0, 1e4), st.floats(0, 1))
def test_never_less_than_nothing(elapsed: float, share: float) -> None:
    left = seconds_left(["train"], KNOWN, "tune", elapsed, share)
    assert left is not None
    assert left >= 8.0
