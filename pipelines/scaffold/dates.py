"""Finding out how a column writes its dates, where its values leave no doubt."""

from collections.abc import Sequence

import pyarrow as pa
from pyarrow import compute as pc

from pipelines.ingest.dates import read_dates
from understudy.errors import DataError

DATES = (
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d.%m.%Y",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%m-%d-%Y",
    "%d-%m-%Y",
    "%d-%b-%Y",
    "%d %b %Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
)
CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p")
FORMATS = tuple(date + clock for date in DATES for clock in CLOCKS)
SAMPLE = 200
SHOWN = 3
ISO = "ISO8601"
OTHERWISE = (
    "Name a column of dates as --time, or leave --time out. Dates that are written in another form need"
    " --time-format, such as '%d.%m.%y' (the codes of strptime), or converting to ISO 8601, such as 2024-12-31 14:05."
)

EPOCH = (
    "Where they count the time since 1970, convert them, as with pandas: pd.to_datetime(column, unit='s') ('ms' for"
    " thirteen digits); else name a column of dates as --time, or leave --time out."
)
NUMBERS = r"^\d{9,19}(\.\d*)?$"
"""Counts since 1970, in anything from seconds to nanoseconds."""


def format_of(words: pa.ChunkedArray, name: str, file: str) -> str:
    """The one known format in which every present value of text is written.

    Raises:
        DataError: there is none, or day and month cannot be told apart.
    """
    few = words.drop_null().unique()
    few = few.take(pa.array(range(0, len(few), max(1, len(few) // SAMPLE))))
    likely = [text for text in FORMATS if _fitting(few, text)]
    fitting = [text for text in likely if _fitting(words, text) == len(words) - words.null_count]
    if not fitting:
        raise misfit(words, name, file, likely)
    if len({_day_first(text) for text in fitting}) > 1:
        raise _ambiguous(few, name, file, fitting)
    return fitting[0]


def misfit(words: pa.ChunkedArray, name: str, file: str, likely: Sequence[str] = (), asked: str = "") -> DataError:
    """Say what stands where dates should: other text, or dates with some other values among them."""
    counts = {text: _fitting(words, text) for text in ([asked] if asked else [ISO, *likely])}
    best = max(counts, key=lambda text: counts[text])
    total = len(words) - words.null_count
    if 2 * counts[best] < total:
        shown = ", ".join(repr(word) for word in words.drop_null().unique()[:SHOWN].to_pylist())
        form = f"written as {asked}" if asked else "in a known form"
        counts_up = pc.all(pc.match_substring_regex(words, NUMBERS)).as_py()
        fix = EPOCH if counts_up else OTHERWISE
        return DataError(f"The column {name!r} of {file} holds no dates {form}, but {shown}.", fix)
    wrong = pc.and_(pc.is_valid(words), pc.is_null(read_dates(words, best)))
    rows = pc.indices_nonzero(wrong).to_pylist()
    shown = ", ".join(f"row {row + 1}: {words[row].as_py()!r}" for row in rows[:SHOWN])
    how = "ISO 8601" if best == ISO else best
    return DataError(
        f"Of the {total:,} dates in {name!r} of {file}, {len(rows):,} are not written as the others ({how}): {shown}.",
        "Write all of them in one way, and leave missing values empty.",
    )


def _ambiguous(words: pa.Array, name: str, file: str, fitting: list[str]) -> DataError:
    one, other = (read_dates(words, text) for text in fitting[:2])
    telling = pc.fill_null(pc.not_equal(one, other), False)
    example = words.filter(telling)[0] if pc.any(telling).as_py() else words[0]
    return DataError(
        f"The dates in {name!r} of {file} can be read in two ways: in {example.as_py()!r} the day may stand first,"
        " or the month, and no day above 12 tells.",
        f"Say which it is: {' or '.join(f'--time-format {text!r}' for text in fitting)}.",
    )


def _fitting(words: pa.ChunkedArray | pa.Array, text: str) -> int:
    """Number of values that are written so."""
    times = read_dates(words, text)
    return len(times) - int(times.null_count)


def _day_first(text: str) -> bool:
    return text.find("%d") < text.find("%m")
