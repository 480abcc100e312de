"""Live rows against the schema of training."""

from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest
from fake_ledger import FakeLedger
from small_traffic import SINCE, SPEC, a_ledger, a_reference, a_window, answered, rows

from monitoring.window.data_quality import data_quality
from monitoring.window.figures import Finding
from monitoring.window.usual import Usual
from understudy.problem import Column, ProblemSpec

pytestmark = pytest.mark.unit

USUAL = Usual(a_reference(), {"town": ("ash", "birch", "cedar")}, {})


def look(ledger: FakeLedger, spec: ProblemSpec = SPEC, usual: Usual = USUAL) -> Finding:
    return data_quality(a_window(ledger, spec), spec, usual)


def broken(count: int = 40, of: int = 200, **request: Any) -> FakeLedger:
    """Traffic in which the last rows ask for something else."""
    made = rows(of)
    ledger = a_ledger(made[: of - count])
    for number, row in list(enumerate(made))[of - count :]:
        asked = {"id": row["id"], "asked_at": row["at"], "size": row["size"], "town": row["town"], **request}
        read = {"size": asked["size"] if isinstance(asked["size"], float) else None, "town": asked["town"]}
        ledger.append([answered(row, number, request=asked, inputs=read)])
    return ledger


def with_columns(**changes: dict[str, Any]) -> ProblemSpec:
    table = SPEC.tables["orders"]
    columns = {
        name: Column(**{**column.model_dump(), **changes.get(name, {})}) for name, column in table.columns.items()
    }
    return SPEC.model_copy(update={"tables": {"orders": table.model_copy(update={"columns": columns})}})


def test_sound_rows_pass_every_check() -> None:
    found = look(a_ledger(rows(200)))
    assert found.value("data.rows") == 200
    assert found.details["broken"] == []
    assert [r.name for r in found.readings if r.value and r.name != "data.rows"] == []
    assert {r.name for r in found.readings} >= {"data.null.size", "data.null.town", "data.unseen.town", "data.disorder"}


@pytest.mark.parametrize(
    ("request_", "columns", "field", "check"),
    [
        ({"size": None}, {}, "size", "missing"),
        ({"size": 9.0}, {"size": {"high": 8.0}}, "size", "range"),
        ({"size": float("inf")}, {}, "size", "finite"),
        ({"size": "large"}, {}, "size", "kind"),
        ({"town": "oak"}, {"town": {"categories": ("ash", "birch", "cedar")}}, "town", "category"),
    ],
)
def test_a_broken_expectation_is_named_and_counted(
    request_: dict[str, Any], columns: dict[str, Any], field: str, check: str
) -> None:
    found = look(broken(**request_), with_columns(**columns))
    assert found.details["broken"] == [{"field": field, "check": check, "rows": 40, "share": 0.2}]
    failed = next(reading for reading in found.readings if reading.name == "data.failed")
    assert (failed.value, failed.limit) == (0.2, SPEC.tables["orders"].quarantine)


def test_missing_values_are_held_against_what_the_problem_accepts() -> None:
    spec = with_columns(size={"nulls": 0.3})
    found = look(broken(size=None), spec)
    null = next(reading for reading in found.readings if reading.name == "data.null.size")
    assert (null.value, null.limit) == (0.2, 0.3)
    assert found.value("data.failed") == 0.0


def test_an_open_list_takes_other_values_but_they_are_unseen() -> None:
    spec = with_columns(town={"categories": ("ash", "birch", "cedar", "...")})
    found = look(broken(town="oak"), spec)
    assert found.value("data.failed") == 0.0
    unseen = next(reading for reading in found.readings if reading.name == "data.unseen.town")
    assert (unseen.value, unseen.about) == (0.2, "oak")
    assert unseen.value > (unseen.limit or 0)


def test_a_category_with_values_that_nobody_listed_is_not_measured() -> None:
    reference = a_reference().set_column(2, "town", pa.array([f"town {n}" for n in range(3000)]))
    found = look(a_ledger(rows(50)), usual=Usual(reference, {}, {}))
    unseen = next(reading for reading in found.readings if reading.name == "data.unseen.town")
    assert unseen.value is None
    assert unseen.about == "It has too many values for the bundle to list."


def test_repeated_and_belated_requests_are_counted() -> None:
    made = rows(100)
    ledger = a_ledger(made)
    late = SINCE + timedelta(days=20)
    ledger.append([answered(made[0], 900 + again, at=late) for again in range(4)])
    found = look(ledger)
    assert found.value("data.duplicates") == pytest.approx(4 / 104)
    assert found.value("data.disorder") == pytest.approx(4 / 104)


def test_a_shifted_clock_breaks_the_relation_of_times() -> None:
    columns = dict(SPEC.tables["orders"].columns) | {"due_at": Column(kind="time", role="context")}
    table = SPEC.tables["orders"].model_copy(update={"columns": columns})
    spec = SPEC.model_copy(update={"tables": {"orders": table}})
    made = rows(100)
    ledger = FakeLedger()
    for number, row in enumerate(made):
        hours = 2 if number < 90 else 5
        request = {"id": row["id"], "asked_at": row["at"], "size": row["size"], "town": row["town"]}
        ledger.append([answered(row, number, request=request | {"due_at": row["at"] + timedelta(hours=hours)})])
    usual = Usual(a_reference(), USUAL.known, {"due_at": (timedelta(hours=1), timedelta(hours=3))})
    found = look(ledger, spec, usual)
    lag = next(reading for reading in found.readings if reading.name == "data.lag.due_at")
    assert lag.value == 0.1
    assert lag.about == "due_at comes 1 h to 3 h after asked_at"


def test_no_rows_give_no_shares() -> None:
    found = look(a_ledger([]))
    assert found.value("data.rows") == 0
    assert {reading.value for reading in found.readings if reading.name != "data.rows"} == {None}
