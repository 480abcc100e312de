"""Times that are written otherwise than in ISO 8601, read by a declared format."""

import pandas as pd
import pyarrow as pa
from pyarrow import compute as pc

TIME = pa.timestamp("us")


def read_dates(words: pa.ChunkedArray, written: str) -> pa.ChunkedArray:
    """Read text ``written`` by a ``strptime`` format; a year of four digits must have four.

    Returns:
        Timestamps in microseconds without a zone (others are converted to UTC), null where the text does not fit.
    """
    # Without a digit it is no date; pandas would read "today" as one.
    words = pc.if_else(pc.match_substring_regex(words, r"\d"), words, pa.scalar(None, pa.string()))
    values = pd.Series(words.to_pylist(), dtype=object)
    times = pd.to_datetime(values, format=written, errors="coerce", utc=True).dt.tz_localize(None)
    return pa.chunked_array([pa.array(times, from_pandas=True).cast(TIME, safe=False)])


def conform_dates(values: pa.ChunkedArray, written: str) -> pa.ChunkedArray:
    """The same, refusing what does not fit.

    Raises:
        ArrowInvalid: a value that is not missing is not written so.
    """
    times = read_dates(values, written)
    if times.null_count > values.null_count:
        raise pa.ArrowInvalid(f"not written as {written}")
    return times
