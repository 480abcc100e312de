"""One line for each stage: live for people, plain for logs."""

import io

import pytest
from rich.console import Console

from pipelines.running.display import Lines, Plain, clock

pytestmark = pytest.mark.unit

STAGES = ("ingest", "tune", "train")


def terminal() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=100, color_system=None)


def text(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def drawn(lines: Lines) -> list[str]:
    console = Console(file=io.StringIO(), width=100)
    console.print(lines)
    return [line.rstrip() for line in text(console).splitlines()]


def test_lines_show_state_words_and_time_left() -> None:
    lines = Lines(terminal())
    lines.open(STAGES, frozenset({"ingest"}), {"tune": 60.0, "train": 8.0})
    try:
        assert drawn(lines)[-1] == "about 68 s left"
        lines.start("ingest")
        lines.end("ingest", "unchanged", 0.0)
        lines.start("tune")
        lines.progress(0.5, "trial 7 of [24], gradient_boosting")
        ingest, tune, train, left = drawn(lines)
    finally:
        lines.close()
    assert ingest.split() == ["=", "ingest", "unchanged"]
    assert tune.startswith("▸ tune")
    assert tune.endswith("trial 7 of [24], gradient_boosting")
    assert train.split() == ["·", "train", "waiting"]
    assert left == "about 68 s left"


def test_lines_say_nothing_of_time_left_that_nobody_knows_or_needs() -> None:
    lines = Lines(terminal())
    lines.open(STAGES, frozenset(), {})
    try:
        assert len(drawn(lines)) == 3
        for stage in STAGES:
            lines.end(stage, "done", 95.0)
        assert drawn(lines)[0].split(maxsplit=3) == ["✓", "ingest", "done", "1 min 35 s"]
        assert len(drawn(lines)) == 3
    finally:
        lines.close()


def test_plain_writes_a_line_for_each_start_and_end() -> None:
    console = Console(file=io.StringIO(), width=100)
    plain = Plain(console)
    plain.open(STAGES, frozenset(), {})
    plain.start("tune")
    plain.progress(0.5, "half")
    plain.end("tune", "done", 12.4)
    plain.end("train", "unchanged", 0.01)
    plain.close()
    assert text(console).splitlines() == ["tune: running", "tune: done in 12 s", "train: unchanged"]


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (42.4, "42 s"), (90, "1 min 30 s"), (190.4, "3 min 10 s")]
)
def test_clock(seconds: float, said: str) -> None:
    assert clock(seconds) == said
