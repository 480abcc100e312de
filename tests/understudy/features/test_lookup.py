"""What views said of many rows: as one would look each up by hand."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.features.coded import coded
from understudy.features.lookup import look_up_all
from understudy.problem import ProblemSpec, View

pytestmark = pytest.mark.unit

HOUR = np.timedelta64(1, "h")
START = np.datetime64("2024-03-01", "us")
SHOPS = ["corner", "market", "pier", None]
TOWNS = ["ash", "elm", None]
Asked = list[tuple[int, str | None, str | None]]
MakeSpec = Callable[..., ProblemSpec]


def a_view(name: str, keys: tuple[str, ...]) -> View:
    return View(name=name, sql="-", keys=keys, every="1h", columns=(f"{name}_one", f"{name}_two"))


VIEWS = (a_view("all", ()), a_view("shop", ("shop",)), a_view("both", ("shop", "town")), a_view("town", ("town",)))


def rows_of(view: View, draw: np.random.Generator) -> pa.Table:
    """Some clock times and keys, each at most once, in no order; some values missing."""
    choices = {"shop": ["pier", "corner", "inn"], "town": ["elm", "ash", "oak"]}
    combinations = [(hour,) for hour in range(-2, 9)]
    for key in view.keys:
        combinations = [(*one, text) for one in combinations for text in choices[key]]
    kept = [one for one in draw.permutation(np.array(combinations, dtype=object)).tolist() if draw.random() < 0.6]
    columns: dict[str, Any] = {"at": pa.array([START + row[0] * HOUR for row in kept], pa.timestamp("us"))}
    columns |= {key: pa.array([row[place] for row in kept], pa.string()) for place, key in enumerate(view.keys, 1)}
    numbers = draw.normal(size=(2, len(kept)))
    missing = draw.random(len(kept)) < 0.2
    columns |= {name: pa.array(numbers[place], mask=missing) for place, name in enumerate(view.columns)}
    return pa.table(columns)


def by_hand(view: View, table: pa.Table, hour: int, request: dict[str, str | None]) -> list[float]:
    for row in table.to_pylist():
        if row["at"] == (START + hour * HOUR).item() and all(row[key] == request[key] for key in view.keys):
            return [np.nan if row[name] is None else row[name] for name in view.columns]
    return [np.nan, np.nan]


@given(
    st.lists(st.tuples(st.integers(-90, 600), st.sampled_from(SHOPS), st.sampled_from(TOWNS)), min_size=1, max_size=25),
    st.integers(0, 2**32 - 1),
    st.integers(1, 50),
)
@settings(max_examples=60, deadline=None)
def test_each_row_finds_what_one_finds_by_hand(asked: Asked, seed: int, step: int) -> None:
    draw = np.random.default_rng(seed)
    tables = {view.name: rows_of(view, draw) for view in VIEWS}

    def read(view: View, first: np.datetime64, last: np.datetime64) -> Iterator[pa.Table]:
        table = tables[view.name]
        yield from (table.slice(start, step) for start in range(0, len(table), step))

    minutes, shops, towns = zip(*asked, strict=True)
    times = START + np.array(minutes) * np.timedelta64(1, "m")
    keys = {
        "shop": coded(pa.chunked_array([shops], pa.string())),
        "town": coded(pa.chunked_array([towns], pa.string())),
    }
    found = look_up_all(with_views(VIEWS), read, times, keys)
    for view in VIEWS:
        expected = [by_hand(view, tables[view.name], m // 60, {"shop": s, "town": t}) for m, s, t in asked]
        got = np.column_stack([found[name] for name in view.columns])
        np.testing.assert_array_equal(got, np.array(expected))


def test_only_the_clock_times_of_the_rows_are_read() -> None:
    spans = []

    def read(view: View, first: np.datetime64, last: np.datetime64) -> Iterator[pa.Table]:
        spans.append((first, last))
        yield from ()

    times = START + np.array([30, 150, 61]) * np.timedelta64(1, "m")
    found = look_up_all(with_views(VIEWS[:1]), read, times, {})
    assert spans == [(START, START + 2 * HOUR)]
    assert np.isnan(found["all_one"]).all()


def with_views(views: tuple[View, ...]) -> Any:
    """A problem of which look-ups see nothing but its views."""
    return ProblemSpec.model_construct(features=type("Views", (), {"views": views})())
