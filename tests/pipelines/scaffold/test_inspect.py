from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest

from pipelines.scaffold.inspect import guess_column, snake

pytestmark = pytest.mark.unit


def guess(values: list[Any], name: str = "x") -> tuple[str, str | None]:
    found = guess_column(name, pa.chunked_array([pa.array(values)]))
    return found.kind, found.role


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1.5", "2", None] * 20, ("number", "feature")),
        ([" 7 ", "", "9"] * 20, ("number", "feature")),
        ([1, 2, None] * 20, ("number", "feature")),
        (["yes", "No", ""] * 20, ("flag", "feature")),
        ([True, False] * 20, ("flag", "feature")),
        (["0", "1"] * 20, ("number", "feature")),
        (["red", "green", None] * 20, ("category", "feature")),
        (["01234", "99999"] * 20, ("category", "feature")),
        (["2024-03-31", "2024-04-01 14:05:00"] * 20, ("time", "context")),
        ([datetime(2024, 1, 1), datetime(2024, 1, 2)] * 20, ("time", "context")),
        (["31/12/2024", "30/11/2024"] * 20, ("category", "feature")),
        (["same"] * 40, ("category", "context")),
        ([str(n) for n in range(60)], ("number", "context")),
        ([f"word{n}" for n in range(60)], ("category", "context")),
        ([n / 7 for n in range(60)], ("number", "feature")),
        ([None] * 40, ("category", None)),
        ([[1], [2]] * 20, ("category", None)),
    ],
)
def test_kind_and_role(values: list[Any], expected: tuple[str, str | None]) -> None:
    assert guess(values) == expected


def test_free_text_is_told() -> None:
    texts = [f"the customer called for the {n}th time and was quite unhappy about it" for n in range(60)]
    found = guess_column("note", pa.chunked_array([texts]))
    assert (found.role, found.why) == ("context", "free text")
    assert "'note' is free text" in found.warning


def test_numbers_with_strays_are_told() -> None:
    found = guess_column("price", pa.chunked_array([[*(str(n) for n in range(60)), "ask"]]))
    assert found.role == "context"
    assert "'ask'" in found.warning


def test_a_repeated_id_is_a_unit() -> None:
    assert guess([f"c{n % 30}" for n in range(90)], "customer_id") == ("category", "unit")
    assert guess([f"c{n % 30}" for n in range(90)], "colour") == ("category", "feature")


@pytest.mark.parametrize(
    ("values", "codes"),
    [(["01234", "99999"], True), (["1", "two"], True), (["x1", "y2", "3"], False), (["1", "2"], False)],
)
def test_categories_of_numbers_are_codes(values: list[str], codes: bool) -> None:
    assert guess_column("x", pa.chunked_array([values * 20])).codes is codes


def test_a_nameless_column_is_left_out() -> None:
    assert guess([1, 2], "") == ("category", None)


@pytest.mark.parametrize("name", ["age", "Age", "customer age", "SexAtBirth", "ethnicity", "marital status"])
def test_protected_names(name: str) -> None:
    assert guess_column(name, pa.chunked_array([["a", "b"] * 10])).protected


@pytest.mark.parametrize("name", ["page", "usage", "language", "average", "trace"])
def test_names_that_only_contain_a_protected_one(name: str) -> None:
    assert not guess_column(name, pa.chunked_array([["a", "b"] * 10])).protected


def test_snake() -> None:
    assert snake("CustomerID No. 7") == "customer_id_no_7"
