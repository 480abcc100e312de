"""Bodies that are not rows: checked by a model, refused in the same words."""

import json
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from serving.refusals import LONGEST_TEXT, NotJsonError, RowError

T = TypeVar("T")


class Reader(Generic[T]):
    """Reads one kind of body."""

    def __init__(self, kind: Any) -> None:
        self.adapter: TypeAdapter[T] = TypeAdapter(kind)

    @property
    def schema(self) -> dict[str, Any]:
        """JSON Schema for the description of the route."""
        return self.adapter.json_schema()

    def read(self, body: bytes) -> T:
        """
        Raises:
            NotJsonError: it is not JSON.
            RowError: it is not what is wanted, or an object has a key twice; the error names the place.
        """
        try:
            found = self.adapter.validate_json(body, strict=True)
        except ValidationError as error:
            raise _refusal(error) from None
        json.loads(body, object_pairs_hook=_once)
        return found


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
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)[:LONGEST_TEXT]
        raise RowError(f"The field {twice!r} stands twice.", "Give each field once.", twice)
    return found
