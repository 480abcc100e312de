"""How a problem's features are made: as-of views, on-demand functions, and the model's inputs."""

from datetime import timedelta
from typing import Literal

from pydantic import Field, field_validator, model_validator

from understudy.problem.part import Part

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_span(text: str) -> timedelta:
    """Read a span such as ``30m``, ``3h``, ``2d`` or ``1w``."""
    number, unit = text[:-1], text[-1:]
    if unit not in UNITS or not number.isdigit() or int(number) < 1:
        raise ValueError(f"{text!r} is not a span; write a whole number and m, h, d or w, as in 3h")
    return timedelta(**{UNITS[unit]: int(number)})


class View(Part):
    """An as-of SQL query: for each clock time and key, what was known at that time."""

    name: str
    sql: str
    """Path of the query, from the project's root. Views that differ in their keys alone can share one: in its text
    ``$keys`` stands for the keys, each with a comma behind it, and ``$prefix`` for the view's prefix."""
    prefix: str = ""
    keys: tuple[str, ...] = ()
    """Request fields by which a value is looked up; none for a value that all rows share."""
    every: str = "1h"
    """Cadence of the clock. A request reads the newest tick at or before its prediction time."""
    max_age: str = "3h"
    """When online a tick was missed, an older one serves up to this age; then its values are missing."""
    columns: tuple[str, ...] = Field(min_length=1)
    """Numbers that the query returns beside ``at`` and the keys."""

    _span = field_validator("every", "max_age")(lambda text: (parse_span(text), text)[1])


class Input(Part):
    """One column that the model reads."""

    name: str
    kind: Literal["number", "category"] = "number"
    group: str = "request"
    """Name of the feature group, for drop-one evidence."""
    unit: str = ""
    about: str = ""


class Features(Part):
    """Empty for a flat table: then every ``feature`` column is a model input as it stands."""

    views: tuple[View, ...] = ()
    functions: str | None = None
    """Dotted module; each public function makes the column of its own name from its arguments."""
    inputs: tuple[Input, ...] = ()
    watched: tuple[Input, ...] = ()
    """Numbers that no model reads: they are made and logged beside the inputs, so that their drift can be seen."""

    @model_validator(mode="after")
    def _watched_are_other_numbers(self) -> "Features":
        if wrong := [item.name for item in self.watched if item.kind != "number"]:
            raise ValueError(f"features.watched holds categories {wrong}; only numbers can be watched")
        if twice := {item.name for item in self.inputs} & {item.name for item in self.watched}:
            raise ValueError(f"features.watched names model inputs {sorted(twice)}, which are watched anyway")
        return self
