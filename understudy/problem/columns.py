"""What the tables of a problem hold: columns, their roles and what is expected of them."""

from typing import Literal

from pydantic import Field, model_validator

from understudy.problem.part import Part

Kind = Literal["number", "category", "time", "flag"]
Role = Literal["feature", "context", "id", "unit", "event_time", "label_time", "target", "leak"]


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
    nulls: float = Field(default=0.0, ge=0.0, le=1.0)
    """Largest share of missing values that is accepted."""
    unique: bool = False

    @model_validator(mode="after")
    def _range_is_ordered(self) -> "Column":
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low ({self.low}) is above high ({self.high})")
        return self


class Table(Part):
    """One table: its columns by name, and what is expected of it as a whole."""

    columns: dict[str, Column] = Field(min_length=1)
    rows: tuple[int, int] | None = None
    """Smallest and largest accepted number of rows."""
    key: tuple[str, ...] = ()
    """Columns that together identify a row."""
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
        named = {*self.key, *([self.time] if self.time else [])}
        if missing := named - set(self.columns):
            raise ValueError(f"names columns that are not declared: {sorted(missing)}")
        return self
