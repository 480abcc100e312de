"""Bodies that are not rows."""

from typing import Annotated

import pytest
from pydantic import BaseModel, ConfigDict, Field

from serving.http.reading import Reader
from serving.refusals import NotJsonError, RowError

pytestmark = pytest.mark.unit


class Box(BaseModel):
    model_config = ConfigDict(extra="forbid")

    size: Annotated[int, Field(ge=1)]
    inner: dict[str, int] = {}


READER: Reader[list[Box]] = Reader(list[Box])


def test_what_fits_is_read() -> None:
    assert READER.read(b'[{"size": 1}, {"size": 2, "inner": {"a": 1}}]')[1] == Box(size=2, inner={"a": 1})


@pytest.mark.parametrize(
    ("body", "field", "row"),
    [
        (b'[{"size": 1}, {"size": 0}]', "size", 1),
        (b'[{"size": "1"}]', "size", 0),
        (b'[{"size": 1, "colour": 2}]', "colour", 0),
        (b"{}", "", None),
        (b'[{"size": 1, "size": 2}]', "size", None),
        (b'[{"size": 1, "inner": {"a": 1, "a": 2}}]', "a", None),
    ],
)
def test_what_does_not_is_named(body: bytes, field: str, row: int | None) -> None:
    with pytest.raises(RowError) as caught:
        READER.read(body)
    assert (caught.value.field, caught.value.row) == (field, row)


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 1_000, b"[NaN", b"\xff"])
def test_what_is_not_json_is_called_so(body: bytes) -> None:
    with pytest.raises(NotJsonError):
        READER.read(body)
