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


@pytest.mark.parametrize("written", ["%d.%m.%Y", "%m/%d/%y %I:%M %p", "%B %d, %Y", "%Y%m%d"])
def test_times_may_have_a_format(written: str) -> None:
    assert Column(kind="time", format=written).format == written


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("number", {"codes": True}, "codes: true is for categories; this is a number"),
        ("category", {"format": "%Y-%m-%d"}, "format is for times; this is a category"),
        ("time", {"format": "%d.%m."}, "names no year"),
        ("time", {"format": "dd.mm.yyyy"}, "names no year"),
        ("time", {"format": "%Y-%Q"}, "bad directive"),
    ],
)
def test_options_suit_the_kind(kind: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Column.model_validate({"kind": kind, **options})


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
