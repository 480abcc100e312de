"""What a body may hold before it is parsed."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.refusals import LONGEST_TEXT, TooManyRowsError
from serving.weight import LINES, LISTS, refuse_heavy, refuse_large_row

pytestmark = pytest.mark.unit

FIELDS = ("asked_at", "size", "town")
TEXT = st.text("[]{},:\\ax\U0001f600", max_size=LONGEST_TEXT)


def passes(body: bytes, rows: int, groups: bytes = LISTS) -> bool:
    try:
        refuse_heavy(body, rows, len(FIELDS), groups)
        if groups == LISTS:
            refuse_large_row(body, len(FIELDS))
    except TooManyRowsError:
        return False
    return True


@given(st.fixed_dictionaries({}, optional={name: TEXT | st.none() | st.floats() for name in FIELDS}))
def test_any_single_row_passes(row: dict[str, Any]) -> None:
    assert passes(json.dumps(row).encode(), 1)


@pytest.mark.parametrize("rows", [1, 100, 10_000])
def test_as_many_rows_as_there_may_be_pass(rows: int) -> None:
    body = json.dumps([{"asked_at": "2026-03-01T08:15:00", "size": 1.5, "town": "north, east"}] * rows).encode()
    table = b"asked_at,size,town\n" + b"2026-03-01,1,north\n" * rows
    assert passes(body, rows)
    assert passes(table, rows, LINES)


@pytest.mark.parametrize("item", [b"0,", b"[],", b"{},", b'"",', b'"a":0,', b"[" * 50 + b"]" * 50 + b",", b",\n"])
def test_what_holds_far_more_does_not(item: bytes) -> None:
    with pytest.raises(TooManyRowsError, match="more than 10 rows of 3 fields can"):
        refuse_heavy(item * 3_000, 10, len(FIELDS))


def test_lines_are_counted_for_tables() -> None:
    with pytest.raises(TooManyRowsError):
        refuse_heavy(b"\n" * 3_000, 10, len(FIELDS), LINES)


def test_one_row_may_not_fill_the_body() -> None:
    many = b",".join(b'"%d":0' % number for number in range(10_000))
    with pytest.raises(TooManyRowsError, match="A row is longer"):
        refuse_large_row(b"[{" + many + b"}]", len(FIELDS))
    with pytest.raises(TooManyRowsError):
        refuse_heavy(b'{"town":"' + b"x" * 100_000 + b'"}', 1, len(FIELDS))
