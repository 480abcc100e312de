"""Rows with a time: read as they are written, split by it, and set aside where it cannot be."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from pipelines.scaffold import Scaffold
from understudy.problem import ProblemSpec

pytestmark = pytest.mark.integration

SpecOf = Callable[[Scaffold], ProblemSpec]
RunToSplit = Callable[[ProblemSpec], dict[str, Any]]


def test_dated_rows_are_split_by_time(
    make: Any, customers: pd.DataFrame, spec_of: SpecOf, run_to_split: RunToSplit
) -> None:
    customers["when"] = pd.date_range("2024-01-01", periods=400, freq="h").astype(str)
    spec = spec_of(make(customers, time="when"))
    assert (spec.split.method, spec.tables["rows"].not_after) == ("ordered", "now")
    parts = run_to_split(spec)
    assert parts["train"]["until"] < parts["calibration"]["from"]


@pytest.mark.parametrize("written", ["%m/%d/%Y", "%d.%m.%Y", "%d-%b-%Y", "%Y/%m/%d %H:%M", "%B %d, %Y"])
def test_other_dates_are_read_by_the_format_that_is_found(
    make: Any, customers: pd.DataFrame, written: str, spec_of: SpecOf, run_to_split: RunToSplit
) -> None:
    customers["when"] = pd.date_range("2024-01-01", periods=400, freq="D").strftime(written)
    spec = spec_of(make(customers, time="when"))
    assert spec.columns["when"].format == written
    parts = run_to_split(spec)
    assert (parts["train"]["from"], parts["test"]["until"]) == ("2024-01-01T00:00:00", "2025-02-03T00:00:00")


def test_dates_are_read_by_the_format_that_is_told(
    make: Any, customers: pd.DataFrame, spec_of: SpecOf, run_to_split: RunToSplit
) -> None:
    customers["when"] = pd.date_range("2024-01-01", periods=400, freq="D").strftime("%d.%m.%y")
    spec = spec_of(make(customers, time="when", time_format="%d.%m.%y"))
    assert spec.columns["when"].format == "%d.%m.%y"
    assert run_to_split(spec)["test"]["until"] == "2025-02-03T00:00:00"


def test_a_few_rows_in_the_future_are_told_and_set_aside(
    make: Any, customers: pd.DataFrame, spec_of: SpecOf, run_to_split: RunToSplit
) -> None:
    times = pd.Series(pd.date_range("2024-01-01", periods=400, freq="h"))
    customers["when"] = times.where(times.index % 20 > 0, pd.Timestamp("2999-01-01")).astype(str)
    made = make(customers, time="when")
    assert (
        "20 of 400 rows lie in the future by 'when', although their outcome is known: they are set aside"
        in " ".join(made.warnings)
    )
    spec = spec_of(made)
    assert (spec.tables["rows"].not_after, spec.tables["rows"].quarantine) == ("now", 0.06)
    assert sum(part["rows"] for part in run_to_split(spec).values()) == 380


def test_many_rows_in_the_future_are_told_and_learned_from(
    make: Any, customers: pd.DataFrame, spec_of: SpecOf, run_to_split: RunToSplit
) -> None:
    customers["when"] = [f"{2024 if n < 200 else 2999}-01-{n % 28 + 1:02} {n % 24:02}:{n % 60:02}" for n in range(400)]
    made = make(customers, time="when")
    assert any(
        "200 of 400 rows lie in the future" in said and "not_after is left out" in said for said in made.warnings
    )
    spec = spec_of(made)
    assert spec.tables["rows"].not_after is None
    assert "# not_after: now # is left out, as 200 rows lie" in made.path.read_text(encoding="utf-8")
    assert sum(part["rows"] for part in run_to_split(spec).values()) == 400


def test_rows_of_the_future_that_wait_for_their_outcome_are_no_mistake(
    make: Any, customers: pd.DataFrame, spec_of: SpecOf
) -> None:
    customers["when"] = pd.date_range("2024-01-01", periods=400, freq="h").astype(str)
    customers["left"] = customers["left"].astype(object)
    customers.loc[300:, ["when", "left"]] = ["2999-01-01", None]
    made = make(customers, time="when")
    assert not any("future" in warning for warning in made.warnings)
    assert spec_of(made).tables["rows"].not_after == "now"
