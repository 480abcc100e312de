import pytest
from pydantic import ValidationError

from understudy.problem import Column, Table

pytestmark = pytest.mark.unit


def test_range_must_be_ordered() -> None:
    assert Column(kind="number", low=1, high=1).high == 1
    with pytest.raises(ValidationError, match=r"low \(2\.0\) is above high \(1\.0\)"):
        Column(kind="number", low=2, high=1)


def test_dots_open_a_list_of_categories() -> None:
    assert Column(kind="category", categories=("a", "...")).is_open
    assert not Column(kind="category", categories=("a", "b")).is_open


def test_table_names_only_its_own_columns() -> None:
    columns = {"id": Column(kind="category"), "at": Column(kind="time")}
    assert Table(columns=columns, key=("id", "at"), time="at").quarantine == 0.01
    with pytest.raises(ValidationError, match=r"not declared: \['when'\]"):
        Table(columns=columns, time="when")
    with pytest.raises(ValidationError, match="at least 1 item"):
        Table(columns={})


@pytest.mark.parametrize("role", ["leak", "target", "label_time"])
def test_late_roles(role: str) -> None:
    assert Column.model_validate({"kind": "time", "role": role}).late
    assert not Column(kind="time", role="context").late
