"""The request as the bundle's manifest describes it: checked in one pass over the raw bytes."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic_core import SchemaValidator, ValidationError, core_schema

from serving.refusals import LONGEST_TEXT, RowError, refusal, unknown, where
from serving.weight import refuse_heavy
from understudy.bundle.manifest import Manifest, RequestField

LARGEST = 3.4028234663852886e38
"""Of float32, which is what the model reads."""
KEY = re.compile(rb'"[ \t\n\r]*:')
TOKEN = re.compile(rb'("(?:[^"\\]|\\.)*")[ \t\n\r]*(:?)|[{}]', re.DOTALL)
"""A text and whether it is a key, or the beginning or end of an object."""

Row = dict[str, Any]


class RequestSchema:
    """Checks requests against the fields of one manifest, and gives them one form.

    Every field may be null or left out but the prediction time, where the problem has one. A category may have
    any value. A row has every field afterwards: None where it is missing, times as UTC without zone.
    """

    def __init__(self, manifest: Manifest, most_rows: int = 10_000) -> None:
        self.manifest = manifest
        self.fields: Mapping[str, RequestField] = {field.name: field for field in manifest.request}
        self.most_rows = most_rows
        self._blank: Row = dict.fromkeys(self.fields)
        self._times = tuple(field.name for field in manifest.request if field.kind == "time")
        row = _row_schema(manifest.request)
        self._one = SchemaValidator(row)
        self._many = SchemaValidator(core_schema.list_schema(row, min_length=1, max_length=most_rows, fail_fast=True))

    def parse(self, body: bytes) -> list[Row]:
        """Rows of a JSON body: one object or a list of them.

        Raises:
            NotJsonError: it is not JSON.
            TooManyRowsError: the list is longer than ``most_rows``, or holds far more values than so many rows.
            RowError: a row or a field is not as the manifest says; the error names both.
        """
        many = is_list(body)
        refuse_heavy(body, self.most_rows if many else 1, len(self.fields))
        try:
            rows = self._many.validate_json(body) if many else [self._one.validate_json(body)]
        except ValidationError as error:
            raise refusal(error, self.fields, many, self.most_rows) from None
        if len(KEY.findall(body)) != sum(map(len, rows)):
            self._look_closely(body, many)
        return self._finish(rows, many)

    def check(self, rows: Sequence[Mapping[str, Any]]) -> list[Row]:
        """The same for rows that came in another form than JSON objects: see ``parse``."""
        try:
            found = self._many.validate_python(list(rows))
        except ValidationError as error:
            raise refusal(error, self.fields, True, self.most_rows) from None
        if sum(map(len, rows)) != sum(map(len, found)):
            row, name = next((row, name) for row, given in enumerate(rows) for name in given if name not in self.fields)
            raise unknown(str(name)[:LONGEST_TEXT], self.fields, row)
        return self._finish(found, many=True)

    def _look_closely(self, body: bytes, many: bool) -> None:
        """Find the key that is no field's, or stands twice; a text that begins with a colon only looked like a key."""
        row, seen = -1, set[str]()
        for token in TOKEN.finditer(body):
            text, colon = token.groups()
            if text is None:
                row, seen = row + (token[0] == b"{"), set()
            elif colon:
                name = json.loads(text)
                if name not in self.fields:
                    raise unknown(name[:LONGEST_TEXT], self.fields, self._at(row, many))
                if name in seen:
                    what = f"{where(name, self._at(row, many))} stands twice."
                    raise RowError(what, "Give each field once.", name, self._at(row, many))
                seen.add(name)

    def _finish(self, rows: list[Row], many: bool) -> list[Row]:
        whole = []
        for number, given in enumerate(rows):
            if not given:
                raise RowError(
                    "The row has no fields.", f"Fields: {', '.join(self.fields)}.", "", self._at(number, many)
                )
            row = {**self._blank, **given}
            for name in self._times:
                if row[name] is not None:
                    row[name] = self._moment(name, row[name], self._at(number, many))
            whole.append(row)
        return whole

    def _moment(self, name: str, text: str, row: int | None) -> datetime:
        try:
            return moment(text)
        except (ValueError, OverflowError) as error:
            what = f"{where(name, row)} is not a time: {error}."
            raise RowError(
                what, "Write it as 2013-11-01T08:15:00Z (ISO 8601; UTC where no zone is given).", name, row
            ) from None

    @staticmethod
    def _at(number: int, many: bool) -> int | None:
        return number if many else None


def is_list(body: bytes) -> bool:
    """Whether a JSON body holds a list."""
    return body[:1] == b"[" or (body[:1] in b" \t\r\n" and body.lstrip(b" \t\r\n")[:1] == b"[")


def moment(text: str) -> datetime:
    """A time in ISO 8601, as UTC without zone; UTC is meant where it names no zone.

    Raises:
        ValueError: it is not one.
        OverflowError: it is beyond the years 1 to 9999.
    """
    found = datetime.fromisoformat(text)
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def key_text(value: Any) -> str:
    """A business key or a unit as the ledger writes it: 12.0 is "12", nothing is ""."""
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _row_schema(fields: Sequence[RequestField]) -> core_schema.CoreSchema:
    return core_schema.typed_dict_schema(
        {
            field.name: core_schema.typed_dict_field(
                kind if field.role == "event_time" else core_schema.nullable_schema(kind),
                required=field.role == "event_time",
            )
            for field in fields
            for kind in [_kind_schema(field)]
        },
        # Others are refused afterwards, at the first one: here each would become an error of its own.
        extra_behavior="ignore",
    )


def _kind_schema(field: RequestField) -> core_schema.CoreSchema:
    if field.kind == "number":
        low, high = bounds(field)
        return core_schema.float_schema(strict=True, allow_inf_nan=False, ge=low, le=high)
    if field.kind == "flag":
        return core_schema.bool_schema(strict=True)
    # PostgreSQL stores no NUL in JSON.
    return core_schema.str_schema(strict=True, max_length=LONGEST_TEXT, pattern=r"^[^\x00]*$")


def bounds(field: RequestField) -> tuple[float, float]:
    """Smallest and largest number that is accepted."""
    return (-LARGEST if field.low is None else field.low, LARGEST if field.high is None else field.high)
