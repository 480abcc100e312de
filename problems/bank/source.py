"""Reading the phone calls of a Portuguese bank's deposit campaigns, in the order in which they were made.

Data: S. Moro, P. Cortez, P. Rita: A data-driven approach to predict the success of bank telemarketing.
Decision Support Systems 62 (2014) 22-31; UCI Machine Learning Repository, data set 222 (CC BY 4.0).
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import compute as pc
from pyarrow import csv

from understudy.errors import DataError

Days = npt.NDArray[np.datetime64]

FIRST_YEAR = 2008
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
AGE_GROUPS = {18: "18-29", 30: "30-39", 40: "40-49", 50: "50-59", 60: "60+"}
MISSING = csv.ConvertOptions(null_values=["unknown", ""], strings_can_be_null=True)
AS_THEY_STAND = ("age", "job", "marital", "education", "balance", "contact", "campaign", "previous", "poutcome")


def read(files: Mapping[str, Path]) -> dict[str, pa.Table]:
    """Read the package's file named ``calls``.

    Returns:
        ``calls``: one row for each call, numbered from 1 in the order of the file, which is that of time.

    Raises:
        DataError: a day that its month does not have.
    """
    raw = csv.read_csv(files["calls"], convert_options=MISSING)
    called_on = dates(raw["month"].to_pylist(), raw["day"].to_numpy())
    columns = {
        "call": np.arange(1, raw.num_rows + 1),
        "called_on": called_on.astype("datetime64[us]"),
        # The file's own description says that the outcome is known once the call has ended.
        # It gives no time of day, so the outcome counts as known when the day is over.
        "outcome_on": (called_on + 1).astype("datetime64[us]"),
        **{name: raw[name] for name in AS_THEY_STAND},
        "age_group": age_group(raw["age"].to_numpy()),
        "credit_default": pc.equal(raw["default"], "yes"),
        "housing": pc.equal(raw["housing"], "yes"),
        "loan": pc.equal(raw["loan"], "yes"),
        "pdays": pc.if_else(pc.less(raw["pdays"], 0), None, raw["pdays"]),
        "duration": raw["duration"],
        "subscribed": pc.equal(raw["y"], "yes"),
    }
    return {"calls": pa.table(columns)}


def dates(months: list[str], days: npt.NDArray[np.int64]) -> Days:
    """Dates of calls given without their year: the year turns where the month falls back.

    Raises:
        DataError: a day that its month does not have.
    """
    month = np.array([MONTHS.index(name) for name in months])
    year = FIRST_YEAR + np.concatenate([[0], np.cumsum(np.diff(month) < 0)])
    first = ((year - 1970) * 12 + month).astype("datetime64[M]")
    date: Days = first.astype("datetime64[D]") + (days - 1)
    if (wrong := np.flatnonzero(date.astype("datetime64[M]") != first)).size:
        row = wrong[0]
        raise DataError(
            f"Call {row + 1} is dated {days[row]} {months[row]} {year[row]}, a day that does not exist.",
            "Compare the file with its publisher's.",
        )
    return date


def age_group(age: npt.NDArray[np.int64]) -> npt.NDArray[np.str_]:
    """Age in bands of ten years, so that fairness is judged on groups large enough to measure."""
    starts = np.array(list(AGE_GROUPS))
    names = np.array(list(AGE_GROUPS.values()))
    return np.asarray(names[np.clip(np.searchsorted(starts, age, side="right") - 1, 0, None)])
