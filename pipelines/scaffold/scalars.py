"""Values as YAML writes them on one line."""

import re
from decimal import Decimal

import yaml

PLAIN = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")


def quoted(value: str) -> str:
    """A YAML scalar: plain where that reads back as the same text, else in double quotes."""
    if PLAIN.match(value) and yaml.safe_load(value) == value:
        return value
    escaped = (letter if letter.isprintable() and letter not in '"\\' else f"\\U{ord(letter):08x}" for letter in value)
    return f'"{"".join(escaped)}"'


def decimal(value: float) -> str:
    """As YAML reads a number back: its own form of powers needs a point, which Python's leaves out."""
    return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else format(Decimal(repr(value)), "f")


def one_line(text: str) -> str:
    """Text that stays on its line."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
