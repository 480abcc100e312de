"""What the report is made of: sections of pictures, tables and notes, each with words on how to read it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from pipelines.evaluate.style import DASH, plain
from understudy.problem.features import UNITS

Figures = Mapping[str, Any]
"""What a computing function returns and a drawing function takes: plain data that JSON can hold."""


@dataclass(frozen=True)
class Picture:
    """A drawing with how to read it and what it says here."""

    title: str
    svg: Markup
    read: str
    says: str = ""
    wide: bool = False
    kind: str = "picture"


@dataclass(frozen=True)
class Grid:
    """A table; columns after the first ``texts`` are figures and stand to the right."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    read: str = ""
    says: str = ""
    texts: int = 1
    wide: bool = True
    kind: str = "grid"


@dataclass(frozen=True)
class Note:
    """Why something is not shown, or must be taken with care."""

    text: str
    wide: bool = True
    kind: str = "note"


@dataclass(frozen=True)
class Section:
    """One part of the page; empty ones are left out."""

    key: str
    title: str
    lead: str
    blocks: Sequence[Picture | Grid | Note] = field(default_factory=tuple)


def with_interval(figure: Figures | None, digits: int = 3) -> str:
    """``0.753 (0.731 to 0.772)``, or a dash."""
    if figure is None or figure["value"] is None:
        return DASH
    value = fixed(figure["value"], digits)
    return (
        value
        if figure["low"] is None
        else f"{value} ({fixed(figure['low'], digits)} to {fixed(figure['high'], digits)})"
    )


def fixed(value: float | None, digits: int = 3) -> str:
    """Three decimals for figures below 10, none with thousands above."""
    if value is None:
        return DASH
    return f"{value:.{digits}f}" if abs(value) < 10 else plain(value)


def percent(value: float | None, digits: int = 1) -> str:
    return DASH if value is None else f"{100 * value:.{digits}f}\N{NO-BREAK SPACE}%"


def say_span(span: str) -> str:
    """``1d`` as ``1 day``."""
    number, unit = int(span[:-1]), UNITS[span[-1]]
    return f"{number} {unit if number > 1 else unit.removesuffix('s')}"


def count(number: float, word: str) -> str:
    """``1 row``, ``2 rows``, ``12,000 rows``."""
    return f"{number:,.0f} {word}{'' if number == 1 else 's'}"
