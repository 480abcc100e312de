import pyarrow as pa
import pytest

from pipelines.scaffold.dates import format_of
from understudy.errors import DataError

pytestmark = pytest.mark.unit


def found(*values: str | None) -> str:
    return format_of(pa.chunked_array([pa.array(values, pa.string())]), "at", "rows.csv")


@pytest.mark.parametrize(
    ("values", "written"),
    [
        (["11/22/2026", "01/02/2026", None], "%m/%d/%Y"),
        (["22/11/2026", "1/2/2026"], "%d/%m/%Y"),
        (["22-11-2026", "01-02-2026"], "%d-%m-%Y"),
        (["01.02.2026", "03.04.2026"], "%d.%m.%Y"),
        (["22-Nov-2026", "01-May-2026"], "%d-%b-%Y"),
        (["1 May 2026"], "%d %b %Y"),
        (["1 November 2026", "1 May 2026"], "%d %B %Y"),
        (["Nov 22, 2026"], "%b %d, %Y"),
        (["2026/11/22"], "%Y/%m/%d"),
        (["2026.11.22 14:05"], "%Y.%m.%d %H:%M"),
        (["11/22/2026 2:05 PM"], "%m/%d/%Y %I:%M %p"),
        (["22.11.2026 14:05:09"], "%d.%m.%Y %H:%M:%S"),
    ],
)
def test_one_format_is_found(values: list[str | None], written: str) -> None:
    assert found(*values) == written


def test_one_day_above_twelve_in_many_tells() -> None:
    doubtful = [f"{n % 12 + 1:02}/{n % 11 + 1:02}/{1000 + n}" for n in range(3000)]
    with pytest.raises(DataError, match=r"two ways: in '12/01/1011'"):
        found("01/01/2026", *doubtful[1:12])
    assert found(*doubtful[:1700], "13/01/2026", *doubtful[1700:]) == "%d/%m/%Y"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["red", "green", "red"], r"'at' of rows\.csv holds no dates in a known form, but 'red', 'green'"),
        (["11/22/26"], "holds no dates in a known form, but '11/22/26'"),
        (["11.22.2026"], "holds no dates in a known form, but '11.22.2026'"),
        (["1700000000", "1700000001"], "holds no dates in a known form, but '1700000000'"),
        (["22.11.2026", "21.11.2026", "soon"], r"Of the 3 dates .* 1 are not .* \(%d\.%m\.%Y\): row 3: 'soon'"),
        (["2026-11-22", "2026-11-21", None, "soon"], r"Of the 3 dates .* 1 are not .* \(ISO 8601\): row 4: 'soon'"),
        (["13/01/2026", "14/01/2026", "01/15/2026"], r"\(%d/%m/%Y\): row 3: '01/15/2026'"),
    ],
)
def test_what_is_not_written_alike_is_shown(values: list[str | None], message: str) -> None:
    with pytest.raises(DataError, match=message):
        found(*values)
