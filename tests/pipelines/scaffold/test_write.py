from typing import Any

import pytest
import yaml

from pipelines.scaffold.write import with_line
from understudy.errors import SpecError

pytestmark = pytest.mark.unit
LISTING = (
    "# first\nproblems:\n  flights: {source: problems/flights}\n  # between\n  bank: {source: x} # last\n\nother: 1\n"
)


def problems(text: str) -> Any:
    return yaml.safe_load(text)["problems"]


def test_a_line_is_added_and_comments_stay() -> None:
    changed = with_line(LISTING, "mine", "a b.csv")
    assert problems(changed) == {**problems(LISTING), "mine": {"source": "a b.csv"}}
    assert [line for line in changed.splitlines() if line not in LISTING.splitlines()] == [
        '  mine: {source: "a b.csv"}'
    ]
    assert "other: 1" in changed


def test_a_line_is_replaced() -> None:
    assert problems(with_line(LISTING, "bank", "b.csv"))["bank"] == {"source": "b.csv"}


def test_the_first_problem() -> None:
    assert problems(with_line("problems: {}\n", "mine", "b.csv")) == {"mine": {"source": "b.csv"}}


@pytest.mark.parametrize("text", ["", "problems: {a: {source: b}}\n", "problems: [", "nothing: 1\n"])
def test_what_cannot_be_extended_is_refused(text: str) -> None:
    with pytest.raises(SpecError):
        with_line(text, "mine", "b.csv")
