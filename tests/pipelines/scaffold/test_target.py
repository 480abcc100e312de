from typing import Any

import pyarrow as pa
import pytest

from pipelines.scaffold.target import Target, read_target
from understudy.errors import DataError

pytestmark = pytest.mark.unit


def target(values: list[Any], positive: str | None = None) -> Target:
    return read_target(pa.chunked_array([pa.array(values)]), "y", positive)


@pytest.mark.parametrize("pair", [("0", "1"), ("no", "Yes"), ("FALSE", "true"), (False, True), (0, 1), (0.0, 1.0)])
def test_flags(pair: tuple[Any, Any]) -> None:
    found = target([pair[0]] * 60 + [pair[1]] * 20 + [None] * 5)
    assert (found.kind, found.positive, found.missing, found.rate) == ("flag", None, 5, 0.25)


def test_the_rarer_of_two_words_is_positive() -> None:
    found = target(["stays"] * 60 + ["leaves"] * 20)
    assert (found.kind, found.positive, found.rate) == ("category", "leaves", 0.25)


def test_the_other_can_be_chosen() -> None:
    assert target(["stays"] * 60 + ["leaves"] * 20, "stays").rate == 0.75


def test_one_against_the_rest() -> None:
    found = target(["a"] * 60 + ["b"] * 20 + ["c"] * 20, "c")
    assert (found.positive, found.rate) == ("c", 0.2)


@pytest.mark.parametrize(
    ("values", "positive", "what", "fix"),
    [
        (["a"] * 60, None, "has one class, 'a'", "Name another --target"),
        ([None] * 60, None, "has no value in any row", "Name another --target"),
        (["a", "b", "c"] * 20, None, "has 3 classes ('a', 'b', 'c')", "--positive 'a'"),
        ([n / 3 for n in range(60)], None, "is a quantity with 60 different values", "amount > 100"),
        ([str(n) for n in range(60)], None, "is a quantity with 60 different values", "amount > 100"),
        (["a", "b"] * 20, "z", "is never 'z'", "Correct --positive"),
        (["no"] * 60 + ["yes"] * 4, None, "has only 4 rows of its rarer class", "Gather more rows"),
    ],
)
def test_what_cannot_be_asked(values: list[Any], positive: str | None, what: str, fix: str) -> None:
    with pytest.raises(DataError) as error:
        target(values, positive)
    assert what in error.value.what
    assert fix in error.value.fix
