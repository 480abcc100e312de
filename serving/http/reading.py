"""Bodies that are not rows: checked by a model, refused in the same words."""

import json
from contextlib import suppress
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from serving.refusals import LONGEST_TEXT, NotJsonError, RowError
from serving.weight import refuse_heavy, refuse_large_row

T = TypeVar("T")

MOST_FIELDS = 200
"""Most fields of an object."""


class Reader(Generic[T]):
    """Reads one kind of body."""

    def __init__(self, kind: Any, fields: int = MOST_FIELDS) -> None:
        """
        Args:
            fields: most that a row has.
        """
        self.adapter: TypeAdapter[T] = TypeAdapter(kind)
        self.fields = fields

    @property
    def schema(self) -> dict[str, Any]:
        """JSON Schema for the description of the route."""
        return self.adapter.json_schema()

    def read(self, body: bytes, rows: int = 1) -> T:
        """
        Args:
            rows: most that the body may hold.

        Raises:
            NotJsonError: it is not JSON.
            TooManyRowsError: it holds far more than so many rows can.
            RowError: it is not what is wanted, or an object has a key twice; the error names the place.
        """
        refuse_heavy(body, rows, self.fields)
        refuse_large_row(body, self.fields)
        with suppress(ValueError, RecursionError):  # what is no JSON is refused below, in the same words as elsewhere
            json.loads(body, object_pairs_hook=_once)
        try:
            return self.adapter.validate_json(body, strict=True)
        except ValidationError as error:
            raise _refusal(error) from None


def _refusal(error: ValidationError) -> RowError | NotJsonError:
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return NotJsonError(
            f"The body is not JSON: {first['ctx']['error']}.", "Send what GET /docs shows for this path."
        )
    place = first["loc"]
    row = next((part for part in place if isinstance(part, int)), None)
    name = next((part for part in place if isinstance(part, str)), "")[:LONGEST_TEXT]
    said = str(first["ctx"]["error"]) if first["type"] == "value_error" else first["msg"]
    return RowError(f"{name or 'The body'}: {said}.", "GET /docs shows what this path takes.", name, row)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MOST_FIELDS:
        raise RowError(f"An object has more than {MOST_FIELDS} fields.", "GET /docs shows what this path takes.")
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)[:LONGEST_TEXT]
        raise RowError(f"The field {twice!r} stands twice.", "Give each field once.", twice)
    return found
