from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipelines.scaffold.write import quoted, with_line
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


@given(st.text())
def test_any_name_survives_yaml(name: str) -> None:
    assert yaml.safe_load(f"{{{quoted(name)}: 1}}") == {name: 1}


def test_words_that_yaml_would_read_as_something_else() -> None:
    assert SimpleNamespace(**{name: quoted(name) for name in ("yes", "null", "months")}) == SimpleNamespace(
        yes='"yes"', null='"null"', months="months"
    )
