"""Rows of the ledger as columns."""

from datetime import datetime, timedelta

import numpy as np
import pytest
from small_predictions import a_shadow
from small_traffic import SINCE, SPEC, UNTIL, a_ledger, a_window, answered, rows

from monitoring.window.read import fitted, read_answers, request_fields

pytestmark = pytest.mark.unit


def test_every_row_is_there_in_the_order_of_the_clock_with_what_was_asked_and_read() -> None:
    made = rows(40)
    window = a_window(a_ledger(made[::-1]))
    live = window.live
    assert len(live) == 40
    assert window.shadows.num_rows == 0
    assert live.column("moment").tolist() == [row["at"] for row in made]
    assert live.requests.column("town").to_pylist() == [row["town"] for row in made]
    assert live.inputs.column("size").to_numpy() == pytest.approx([row["size"] for row in made], rel=1e-6)
    assert live.column("label").tolist() == [float(row["late"]) for row in made]
    assert [str(field.type) for field in live.requests.schema] == ["string", "timestamp[us]", "double", "string"]


def test_labels_that_landed_after_the_look_are_not_in_it() -> None:
    made = rows(100)
    window = a_window(a_ledger(made), as_of=SINCE + timedelta(days=1))
    known = ~np.isnan(window.live.column("label"))
    assert known.tolist() == [row["at"] + timedelta(hours=6) <= SINCE + timedelta(days=1) for row in made]


def test_missing_values_are_nan_and_empty_in_inputs_and_null_in_requests() -> None:
    ledger = a_ledger(rows(1), request={"town": None}, inputs={"size": None, "town": None})
    live = a_window(ledger).live
    assert np.isnan(live.inputs.column("size").to_numpy()).all()
    assert live.inputs.column("town").to_pylist() == [""]
    assert live.requests.column("size").null_count == live.requests.column("town").null_count == 1


def test_a_value_of_another_kind_is_missing_and_marked() -> None:
    ledger = a_ledger(rows(3))
    ledger.append([answered(rows(4)[3], 3, request={"size": "large", "town": 7, "asked_at": "soon", "id": "k3"})])
    live = a_window(ledger).live
    assert {name: misfit.tolist() for name, misfit in live.misfits.items() if misfit.any()} == {
        "size": [False, False, False, True],
        "town": [False, False, False, True],
        "asked_at": [False, False, False, True],
    }
    assert live.requests.column("size").to_pylist()[3] is None


def test_times_that_the_ledger_holds_as_text_are_times() -> None:
    column, misfit = fitted(["2024-03-01T06:00:00", None, datetime(2024, 3, 2)], "time")
    assert column.to_pylist() == [datetime(2024, 3, 1, 6), None, datetime(2024, 3, 2)]
    assert not misfit.any()


@pytest.mark.parametrize(("value", "kind"), [(True, "number"), (1, "flag"), (1.5, "category"), ("yes", "flag")])
def test_a_misfit_is_told_from_its_neighbours(value: object, kind: str) -> None:
    column, misfit = fitted([None, value], kind)  # type: ignore[arg-type]
    assert column.null_count == 2
    assert misfit.tolist() == [False, True]


def test_shadows_stand_apart_and_answers_alone_are_the_live_ones() -> None:
    ledger = a_ledger(rows(5))
    ledger.append([a_shadow(0, event_time=SINCE, live="p00000")])
    window = a_window(ledger)
    assert (len(window.live), window.shadows.num_rows) == (5, 1)
    assert window.shadows.column("version").to_pylist() == [2]
    answers = read_answers(ledger, "toy", SINCE, UNTIL, UNTIL)
    assert answers.column("id").to_pylist() == [f"p{number:05d}" for number in range(5)]


def test_an_empty_window_has_every_column() -> None:
    live = a_window(a_ledger([])).live
    assert len(live) == 0
    assert live.requests.column_names == list(request_fields(SPEC)) == ["id", "asked_at", "size", "town"]
    assert live.inputs.column_names == ["size", "town"]


def test_some_of_the_rows_are_taken_from_all_tables() -> None:
    live = a_window(a_ledger(rows(10))).live
    some = live.where(np.arange(10) % 2 == 0)
    assert len(some) == some.requests.num_rows == some.inputs.num_rows == len(some.misfits["size"]) == 5
