"""Guessing what each column of a table is: its kind, its role, and why."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
from pyarrow import compute as pc

from pipelines.ingest.conform import CASTS
from pipelines.scaffold.ranges import Range, generous_range
from pipelines.validate.swapped import NEARLY_ALL, NUMBER, number_share
from understudy.problem.columns import Kind, Role

PROTECTED = re.compile(
    r"(^|_)(age|sex|gender|race|ethnicity|ethnic|religion|nationality|disability|disabled|marital|marital_status"
    r"|pregnant|orientation|birth|birthday|date_of_birth|dob)(_|$)"
)
ID_NAME = re.compile(
    r"(^|_)(id|ids|uuid|guid|key|number|no|nr|num|index|row|code|ref)$|^(id|uuid|guid|index|unnamed)(_|$)"
)
UNIT_NAME = re.compile(r"(^|_)(id|uuid|guid|key)$")
PADDED = r"^0\d+$"
DATED = r"^\d{4}-\d{1,2}-\d{1,2}"
OFTEN_NUMBERS = 0.5
"""Share of numbers from which a category is declared as one of codes; validation refuses undeclared ones at more."""
LONG_TEXT = 40
MOST_CATEGORIES = 1000
MOST_LISTED = 30
ROWS_PER_CATEGORY = 2
UNIT_ROWS = (1.05, 50.0)


@dataclass(frozen=True)
class Guess:
    """One column as guessed. ``role`` is none for a column that is left out of the problem."""

    name: str
    kind: Kind
    role: Role | None
    why: str
    missing: float = 0.0
    distinct: int = 0
    protected: bool = False
    warning: str = ""
    """What a person should know about the column; empty when nothing stands out."""
    categories: tuple[str, ...] = ()
    """Every value of a category that has few, in order; empty for any other column."""
    codes: bool = False
    """Whether it is a category of numbers, such as zip codes."""
    range: Range | None = None
    """Limits for a number that varies."""


def guess_column(name: str, values: pa.ChunkedArray) -> Guess:
    """Guess kind and role from the name and the values; ``values`` may be text, as a CSV gives it."""
    if not _is_plain(values.type):
        return _left_out(name, f"holds {values.type}, which is not one value for each row")
    present = _present(values)
    if not name:
        return _left_out(name, "has no name in the header")
    if len(present) == 0:
        return _left_out(name, "is empty in every row")
    kind = kind_of(present)
    missing = 1 - len(present) / len(values)
    distinct = pc.count_distinct(present).as_py()
    role, why, warning = _role(name, kind, present, distinct, len(values))
    protected = bool(PROTECTED.search(snake(name)))
    few = kind == "category" and distinct <= MOST_LISTED
    categories = tuple(sorted(CASTS[kind](present).unique().to_pylist())) if few else ()
    codes = kind == "category" and number_share(CASTS[kind](present)) >= OFTEN_NUMBERS
    limits = generous_range(CASTS[kind](present)) if kind == "number" else None
    return Guess(name, kind, role, why, missing, distinct, protected, warning, categories, codes, limits)


def kind_of(present: pa.ChunkedArray) -> Kind:
    """The kind that ingest can read every one of these values as; text and codes are categories."""
    if pa.types.is_boolean(present.type):
        return "flag"
    if pa.types.is_temporal(present.type):
        return "time"
    if not _is_text(present.type):
        return "number"
    if _reads_as("number", present):
        return "category" if pc.any(pc.match_substring_regex(present, PADDED)).as_py() else "number"
    if _reads_as("flag", present):
        return "flag"
    dated = pc.all(pc.match_substring_regex(present, DATED)).as_py()
    return "time" if dated and _reads_as("time", present) else "category"


def snake(name: str) -> str:
    """``CustomerAge`` and ``customer age`` as ``customer_age``, to match names by words."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"[^a-z0-9]+", "_", apart.lower()).strip("_")


def id_of(guesses: Sequence[Guess], rows: int) -> str | None:
    """The first column that looks like an id and tells every row apart."""
    unique = (g for g in guesses if g.role == "context" and g.distinct == rows and g.missing == 0)
    return next((g.name for g in unique if g.kind in ("number", "category") and ID_NAME.search(snake(g.name))), None)


def unit_of(guesses: Sequence[Guess], rows: int) -> str | None:
    """A column of repeated ids, such as a customer's: its rows belong together."""
    for guess in guesses:
        repeats = rows / max(1, guess.distinct)
        if guess.role == "unit" and UNIT_ROWS[0] <= repeats <= UNIT_ROWS[1]:
            return guess.name
    return None


def _role(name: str, kind: Kind, present: pa.ChunkedArray, distinct: int, rows: int) -> tuple[Role, str, str]:
    if distinct == 1 and len(present) == rows:
        return "context", "the same in every row", f"{name!r} never varies, so it is not used."
    if kind == "time":
        return "context", "a time; --time makes it the time of the event", ""
    if kind == "flag":
        return "feature", "yes or no", ""
    named, stray = snake(name), _stray(name, present) if kind == "category" else ""
    if stray:
        return "context", "numbers with words among them", stray
    if _is_row_id(named, kind, present, distinct, rows):
        return "context", "tells rows apart and says nothing else", ""
    if UNIT_NAME.search(named) and UNIT_ROWS[0] <= rows / distinct <= UNIT_ROWS[1]:
        return "unit", "an id that repeats", f"{name!r} repeats: rows with the same value belong together."
    return _number_role(distinct) if kind == "number" else _category_role(name, present, distinct)


def _number_role(distinct: int) -> tuple[Role, str, str]:
    return "feature", f"a number with {distinct:,} values", ""


def _category_role(name: str, present: pa.ChunkedArray, distinct: int) -> tuple[Role, str, str]:
    length = pc.mean(pc.utf8_length(CASTS["category"](present))).as_py()
    many = distinct > MOST_CATEGORIES or len(present) < ROWS_PER_CATEGORY * distinct
    if not many:
        return "feature", f"{distinct:,} categories", ""
    if length > LONG_TEXT:
        return "context", "free text", f"{name!r} is free text, which is not used."
    return "context", f"{distinct:,} different words", f"{name!r} has too many values to learn from; it is not used."


def _is_row_id(named: str, kind: Kind, present: pa.ChunkedArray, distinct: int, rows: int) -> bool:
    if distinct < len(present) or len(present) < rows:
        return False
    if kind == "category":
        return bool(ID_NAME.search(named)) or pc.max(pc.utf8_length(CASTS["category"](present))).as_py() <= LONG_TEXT
    numbers = CASTS["number"](present)
    if not pa.types.is_integer(numbers.type):
        return False
    steps = pc.max(numbers).as_py() - pc.min(numbers).as_py() + 1
    return bool(ID_NAME.search(named)) or steps == rows


def _stray(name: str, present: pa.ChunkedArray) -> str:
    """Words for a column of numbers in which a few values are not; empty for any other column."""
    words = CASTS["category"](present)
    numeric = pc.match_substring_regex(words, NUMBER)
    if not NEARLY_ALL <= pc.mean(numeric.cast(pa.float64())).as_py() < 1:
        return ""
    example = words.filter(pc.invert(numeric))[0].as_py()
    count = len(words) - pc.sum(numeric).as_py()
    return f"{name!r} is not used: all but {count:,} of its values are numbers; mend such as {example!r} to use it."


def trimmed(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Text without blanks around it and null where nothing is left, as ingest has it; others as they are."""
    if pa.types.is_dictionary(values.type) or pa.types.is_large_string(values.type) or pa.types.is_null(values.type):
        values = values.cast(pa.string())
    if not pa.types.is_string(values.type):
        return values
    values = pc.utf8_trim_whitespace(values)
    return pc.if_else(pc.equal(values, ""), pa.scalar(None, pa.string()), values)


def _present(values: pa.ChunkedArray) -> pa.ChunkedArray:
    values = trimmed(values)
    if pa.types.is_floating(values.type):
        return values.filter(pc.fill_null(pc.is_finite(values), False))
    return values.drop_null()


def _reads_as(kind: Kind, values: pa.ChunkedArray) -> bool:
    try:
        CASTS[kind](values)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return False
    return True


def _is_text(type_: pa.DataType) -> bool:
    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_))


def _is_plain(type_: pa.DataType) -> bool:
    if pa.types.is_dictionary(type_):
        return _is_plain(type_.value_type)
    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean, pa.types.is_date)
    plain = any(test(type_) for test in (*tests, pa.types.is_timestamp, pa.types.is_null))
    return plain or _is_text(type_)


def _left_out(name: str, why: str) -> Guess:
    return Guess(name, "category", None, why, missing=1.0, warning=f"{name!r} {why}; it is left out.")
