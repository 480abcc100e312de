"""What the tables of a problem hold: columns, their roles and what is expected of them."""

from datetime import datetime
from typing import Literal

from pydantic import Field, model_validator

from understudy.problem.part import Part

Kind = Literal["number", "category", "time", "flag"]
Role = Literal["feature", "context", "id", "unit", "event_time", "label_time", "target", "leak"]

EXAMPLE = datetime(2026, 11, 22, 14, 5, 9)


class Column(Part):
    """One column: its kind, its role, and the expectations that validation holds it to.

    ``feature`` columns arrive with the request and may feed the model; ``context`` columns arrive
    with the request but feed only feature functions, views and segments; ``leak`` columns are facts
    known after prediction time: views may read them as of a later clock, the model never does.
    """

    kind: Kind
    role: Role = "feature"
    protected: bool = False
    unit: str = ""
    about: str = ""
    low: float | None = None
    high: float | None = None
    categories: tuple[str, ...] = ()
    """Accepted values; with ``...`` among them the list is open, and others are noted rather than refused."""
    codes: bool = False
    """Whether a category's values are numbers that only name things, such as zip codes; else numbers are refused."""
    format: str | None = None
    """How a time is written in text, as for ``strptime``, such as ``%d.%m.%Y``; none for ISO 8601."""
    nulls: float = Field(default=0.0, ge=0.0, le=1.0)
    """Largest share of missing values that is accepted."""
    unique: bool = False
    known_at: str | None = None
    """Time column from which the value is known. Views see a late fact only where this says from when."""

    @property
    def late(self) -> bool:
        """Whether the value is known only after prediction time."""
        return self.role in ("leak", "target", "label_time")

    @model_validator(mode="after")
    def _range_is_ordered(self) -> "Column":
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low ({self.low}) is above high ({self.high})")
        return self

    @model_validator(mode="after")
    def _options_suit_the_kind(self) -> "Column":
        if self.codes and self.kind != "category":
            raise ValueError(f"codes: true is for categories; this is a {self.kind}")
        if self.format is not None:
            _refuse_format(self.format, self.kind)
        return self

    @property
    def is_open(self) -> bool:
        """Whether other values than those listed are accepted."""
        return "..." in self.categories


def _refuse_format(text: str, kind: Kind) -> None:
    if kind != "time":
        raise ValueError(f"format is for times; this is a {kind}")
    try:
        there_and_back = datetime.strptime(EXAMPLE.strftime(text), text)
    except ValueError as error:
        raise ValueError(f"format: {error}") from error
    if there_and_back.year != EXAMPLE.year:
        raise ValueError(f"format {text!r} names no year; write it as for strptime, such as %d.%m.%Y")


class Table(Part):
    """One table: its columns by name, and what is expected of it as a whole."""

    columns: dict[str, Column] = Field(min_length=1)
    rows: tuple[int, int] | None = None
    """Smallest and largest accepted number of rows."""
    key: tuple[str, ...] = ()
    """Columns that together identify a row."""
    known_at: str | None = None
    """Time column from which a row is known; none for rows that are known all along."""
    time: str | None = None
    """Time column for the checks below."""
    monotone: bool = False
    """Whether the time column must never go back from one row to the next."""
    not_after: str | None = None
    """ISO date that no time may reach; ``now`` for the moment of the run."""
    fresh_days: float | None = None
    """Largest age in days of the newest time against ``not_after``."""
    quarantine: float = Field(default=0.01, ge=0.0, le=1.0)
    """Largest share of rows that may be set aside before the run stops."""

    @model_validator(mode="after")
    def _names_exist(self) -> "Table":
        said = (self.time, self.known_at, *(column.known_at for column in self.columns.values()))
        times = {name for name in said if name is not None}
        if missing := {*self.key, *times} - set(self.columns):
            raise ValueError(f"names columns that are not declared: {sorted(missing)}")
        if other := {name for name in times if self.columns[name].kind != "time"}:
            raise ValueError(f"takes for times what is declared as something else: {sorted(other)}")
        return self
