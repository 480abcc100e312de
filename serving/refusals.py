"""Why a request is refused, in words that name the row, the field and what to do."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from pydantic_core import ValidationError

from understudy.bundle.manifest import RequestField
from understudy.errors import RequestError

LONGEST_TEXT = 200
SHAPE = "Send one JSON object, or a list of them."


class NotJsonError(RequestError):
    """The body is not JSON at all."""

    code = "not_json"


class RowError(RequestError):
    """A row that breaks the manifest's description of a request; ``row`` counts from 0, None for a single object."""

    def __init__(self, what: str, fix: str, field: str = "", row: int | None = None) -> None:
        self.row = row
        super().__init__(what, fix, field)


class TooManyRowsError(RequestError):
    """More rows in one request than the server takes."""

    code = "too_many_rows"


def refusal(error: ValidationError, fields: Mapping[str, RequestField], many: bool, most_rows: int) -> RequestError:
    """The first thing that a validator of rows found.

    Args:
        many: whether it was a list of rows.
    """
    first = error.errors(include_url=False, include_input=False)[0]
    kind, place, context = first["type"], first["loc"], first.get("ctx", {})
    if kind == "json_invalid":
        return NotJsonError(f"The body is not JSON: {context['error']}.", SHAPE)
    if kind == "too_long" and not place:
        return too_many_rows(most_rows)
    row = int(place[0]) if many and place else None
    names = place[1:] if many else place
    if not names:
        return RowError(_shape(kind, row), SHAPE, "", row)
    return _of_field(str(names[0])[:LONGEST_TEXT], fields, kind, context, row)


def too_many_rows(most_rows: int) -> TooManyRowsError:
    """A request of more rows than the server takes."""
    return TooManyRowsError(
        f"The request has more than {most_rows:,} rows.", "Send them in several requests, or score a file."
    )


def where(name: str, row: int | None) -> str:
    """The beginning of a sentence about a field."""
    return f"The field {name!r}" if row is None else f"Row {row}: the field {name!r}"


def unknown(name: str, fields: Mapping[str, RequestField], row: int | None) -> RowError:
    """A field that the manifest does not have."""
    near = get_close_matches(name, fields, n=1)
    hint = f"Did you mean {near[0]}? " if near else ""
    return RowError(f"{where(name, row)} is not one of this model's.", f"{hint}Fields: {', '.join(fields)}.", name, row)


def _of_field(
    name: str, fields: Mapping[str, RequestField], kind: str, context: Mapping[str, Any], row: int | None
) -> RowError:
    field = fields[name]
    if kind == "missing":
        return RowError(f"{where(name, row)} is missing.", f"Give it: {_wanted(field)}.", name, row)
    fault = "is not a time" if field.kind == "time" and kind == "string_type" else _fault(kind, context)
    return RowError(f"{where(name, row)} {fault}.", f"Give {_wanted(field)}.", name, row)


def _shape(kind: str, row: int | None) -> str:
    if kind == "too_short":
        return "The list is empty."
    return "The body is neither an object nor a list." if row is None else f"Row {row} is not an object."


def _fault(kind: str, context: Mapping[str, Any]) -> str:
    if kind in ("greater_than_equal", "less_than_equal"):
        below = kind == "greater_than_equal"
        return f"is {'below' if below else 'above'} {context['ge' if below else 'le']:g}"
    return {
        "float_type": "is not a number",
        "finite_number": "is not a finite number",
        "bool_type": "is neither true nor false",
        "string_type": "is not text",
        "string_too_long": "is too long",
        "string_pattern_mismatch": "holds the character NUL",
    }.get(kind, "is not of the right kind")


def _wanted(field: RequestField) -> str:
    unit = f" in {field.unit}" if field.unit else ""
    wanted = {
        "number": f"a number{unit}{_range(field)}",
        "category": f"text of at most {LONGEST_TEXT} characters",
        "time": "a time such as 2013-11-01T08:15:00Z",
        "flag": "true or false",
    }[field.kind]
    return wanted if field.role == "event_time" else f"{wanted}, or null where it is not known"


def _range(field: RequestField) -> str:
    if field.low is not None and field.high is not None:
        return f" from {field.low:g} to {field.high:g}"
    if field.low is not None:
        return f" of at least {field.low:g}"
    return f" of at most {field.high:g}" if field.high is not None else ""
