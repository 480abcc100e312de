from datetime import datetime

import pyarrow as pa
import pytest

from pipelines.ingest.dates import conform_dates, read_dates

pytestmark = pytest.mark.unit


def words(*values: str | None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, pa.string())])


@pytest.mark.parametrize(
    ("written", "text", "expected"),
    [
        ("%d.%m.%Y", "22.11.2026", datetime(2026, 11, 22)),
        ("%d.%m.%Y", "2.1.2026", datetime(2026, 1, 2)),
        ("%m/%d/%Y %I:%M %p", "11/22/2026 02:05 PM", datetime(2026, 11, 22, 14, 5)),
        ("%d-%b-%Y", "22-Nov-2026", datetime(2026, 11, 22)),
        ("%Y/%m/%d %H:%M:%S.%f", "2026/11/22 14:05:09.25", datetime(2026, 11, 22, 14, 5, 9, 250_000)),
        ("%Y/%m/%d %H:%M %z", "2026/11/22 14:05 +0200", datetime(2026, 11, 22, 12, 5)),
        ("%d.%m.%Y", "31.12.9999", datetime(9999, 12, 31)),
        ("%d.%m.%Y", "22.11.26", None),
        ("%d.%m.%Y", "22.11.2026 14:05", None),
        ("%d.%m.%Y", "31.11.2026", None),
        ("%d.%m.%Y", "today", None),
        ("%d.%m.%Y", None, None),
    ],
)
def test_text_is_read_strictly(written: str, text: str | None, expected: datetime | None) -> None:
    times = read_dates(words(text), written)
    assert times.to_pylist() == [expected]
    assert str(times.type) == "timestamp[us]"


def test_what_does_not_fit_is_refused_and_what_is_missing_is_not() -> None:
    assert conform_dates(words(None, None), "%d.%m.%Y").null_count == 2
    with pytest.raises(pa.ArrowInvalid, match=r"not written as %d\.%m\.%Y"):
        conform_dates(words("22.11.2026", "soon"), "%d.%m.%Y")
