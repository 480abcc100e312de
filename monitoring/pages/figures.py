"""Numbers, shares and moments as people write them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

DASH = "\N{EN DASH}"
SPACE = "\N{NO-BREAK SPACE}"


def number(value: float | None, digits: int = 3) -> str:
    """``0.0706``, ``330`` and ``12,500``; a dash for none."""
    if value is None:
        return DASH
    if abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    text = f"{value:.{digits}g}"
    return f"{value:.{digits + 2}f}".rstrip("0").rstrip(".") or "0" if "e" in text else text


def fixed(value: float | None, digits: int = 3) -> str:
    """Three decimals below 10, none above."""
    if value is None:
        return DASH
    return f"{value:.{digits}f}" if abs(value) < 10 else f"{value:,.0f}"


def signed(value: float | None, digits: int = 3) -> str:
    return DASH if value is None else f"{'+' if value > 0 else ''}{fixed(value, digits)}"


def ranged(figure: Mapping[str, Any] | None, sign: bool = False) -> str:
    """``0.753 (0.731 to 0.772)``."""
    if figure is None or figure["value"] is None:
        return DASH
    write = signed if sign else fixed
    ends = "" if figure.get("low") is None else f" ({write(figure['low'])} to {write(figure['high'])})"
    return f"{write(figure['value'])}{ends}"


def percent(value: float | None, digits: int = 1) -> str:
    if value is None:
        return DASH
    if value == 0:
        return f"0{SPACE}%"
    shown = f"{100 * value:.{digits}f}"
    return f"{shown}{SPACE}%" if float(shown) else f"under {10**-digits:g}{SPACE}%"


def count(amount: float, word: str) -> str:
    """``1 row``, ``2 rows``."""
    return f"{amount:,.0f} {word}{'' if amount == 1 else 's'}"


def moment(at: datetime) -> str:
    """``8 October 2013, 06:00``; without the time at midnight."""
    day = f"{at.day} {at:%B %Y}"
    return day if (at.hour, at.minute) == (0, 0) else f"{day}, {at:%H:%M}"
