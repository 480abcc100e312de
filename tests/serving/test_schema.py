"""Requests against a manifest."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from served import EXAMPLE, a_project

from serving.refusals import NotJsonError, RowError, TooManyRowsError
from serving.schema import RequestSchema, is_list, key_text, moment
from understudy.errors import RequestError

pytestmark = pytest.mark.unit

FIELDS = ("id", "asked_at", "size", "weight", "town", "insured")
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=200)
ROWS = st.fixed_dictionaries(
    {"asked_at": st.datetimes(timezones=st.none() | st.just(UTC)).map(datetime.isoformat)},
    optional={
        "id": st.none() | TEXTS,
        "size": st.none() | st.floats(-1000, 1000) | st.integers(-1000, 1000),
        "weight": st.none() | st.floats(width=32, allow_nan=False, allow_infinity=False),
        "town": st.none() | TEXTS,
        "insured": st.none() | st.booleans(),
    },
)


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> RequestSchema:
    project = a_project(tmp_path_factory.mktemp("schema") / "project")
    return RequestSchema(project.bundles[1].manifest, most_rows=5)


@given(row=ROWS, indent=st.none() | st.integers(0, 3), ascii_only=st.booleans())
@example(row={"asked_at": "2026-03-01", "town": ":", "id": '"\\":'}, indent=None, ascii_only=True)
def test_what_is_allowed_comes_back_whole(
    schema: RequestSchema, row: dict[str, Any], indent: int | None, ascii_only: bool
) -> None:
    found = schema.parse(json.dumps(row, indent=indent, ensure_ascii=ascii_only).encode())
    assert len(found) == 1
    assert tuple(found[0]) == FIELDS
    for name in FIELDS[2:]:
        assert found[0][name] == row.get(name)
    assert found[0]["asked_at"].tzinfo is None
    assert schema.check([row]) == found


@given(st.lists(ROWS, min_size=1, max_size=5))
def test_a_list_is_its_rows(schema: RequestSchema, rows: list[dict[str, Any]]) -> None:
    assert schema.parse(json.dumps(rows).encode()) == [schema.parse(json.dumps(row).encode())[0] for row in rows]


@given(row=ROWS, data=st.data())
def test_a_key_that_stands_twice_is_always_found(
    schema: RequestSchema, row: dict[str, Any], data: st.DataObject
) -> None:
    pairs = list(row.items())
    twice = data.draw(st.sampled_from(pairs))
    pairs.insert(data.draw(st.integers(0, len(pairs))), twice)
    space = data.draw(st.sampled_from(["", " ", "\n\t"]))
    text = "{" + ",".join(f"{json.dumps(name)}{space}:{json.dumps(value)}" for name, value in pairs) + "}"
    with pytest.raises(RowError, match="stands twice"):
        schema.parse(text.encode())


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_no_bytes_raise_anything_else(schema: RequestSchema, body: bytes) -> None:
    with pytest.raises(RequestError):
        schema.parse(body)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(FIELDS) | st.text(), inner),
        max_leaves=10,
    )
)
def test_no_json_raises_anything_else(schema: RequestSchema, value: Any) -> None:
    try:
        schema.parse(json.dumps(value).encode("utf-8", "surrogatepass"))
    except RequestError as refusal:
        said = refusal
    else:
        return
    assert said.what
    assert said.fix


def test_limits_of_rows_and_of_depth(schema: RequestSchema) -> None:
    with pytest.raises(TooManyRowsError, match="more than 5 rows"):
        schema.parse(json.dumps([EXAMPLE] * 6).encode())
    with pytest.raises(NotJsonError, match="recursion limit"):
        schema.parse(b"[" * 1_000)
    with pytest.raises(RowError, match="Row 1: the field 'size' is above 1000"):
        schema.parse(json.dumps([EXAMPLE, EXAMPLE | {"size": 1001}]).encode())


@pytest.mark.parametrize(
    ("body", "row"),
    [
        (b'{"asked_at": "2026-03-01", "twon": {"a": [1]}}', None),
        (b'[{"asked_at": "2026-03-01"}, {"town": "a \\": {", "asked_at": "2026-03-01", "twon": 1, "size": 1}]', 1),
    ],
)
def test_a_field_that_is_nobodys_is_named_with_its_row(schema: RequestSchema, body: bytes, row: int | None) -> None:
    with pytest.raises(RowError, match=r"'twon' is not one of this model's\. Did you mean town") as caught:
        schema.parse(body)
    assert (caught.value.field, caught.value.row) == ("twon", row)


def test_rows_of_other_forms_are_held_to_the_same(schema: RequestSchema) -> None:
    assert schema.check([EXAMPLE])[0]["asked_at"] == datetime(2026, 3, 1, 8, 15)
    for wrong in ({"size": float("nan")}, {"size": "1"}, {"town": 7}, {"insured": 1}, {"other": 1}, {1: 2}):
        with pytest.raises(RowError):
            schema.check([EXAMPLE | wrong])
    with pytest.raises(RowError, match="The list is empty"):
        schema.check([])


@pytest.mark.parametrize(
    "text", ["soon", "12345", "2026-02-30", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]
)
def test_what_is_no_time_is_refused(schema: RequestSchema, text: str) -> None:
    with pytest.raises(RowError, match="'asked_at' is not a time"):
        schema.parse(json.dumps({"asked_at": text}).encode())


def test_keys_have_one_spelling() -> None:
    assert [key_text(value) for value in ("a", 12, 12.0, 1.5, None)] == ["a", "12", "12", "1.5", ""]
    assert moment("2026-03-01T01:00:00+01:00") == datetime(2026, 3, 1)
    assert [is_list(body) for body in (b"[1]", b" \n[", b"{}", b"", b"  ")] == [True, True, False, False, False]


def test_a_problem_without_times_needs_at_least_one_field(tmp_path: Path) -> None:
    manifest = a_project(tmp_path / "project").bundles[1].manifest
    timeless = manifest.model_copy(update={"request": tuple(f for f in manifest.request if f.role != "event_time")})
    schema = RequestSchema(timeless)
    assert schema.parse(b'{"size": null}')[0]["town"] is None
    with pytest.raises(RowError, match="has no fields"):
        schema.parse(b"{}")
