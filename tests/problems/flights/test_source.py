"""Figures of the real data, known from its publisher or counted by hand."""

from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from understudy.files import sha256_file
from understudy.problem import ProblemSpec

pytestmark = pytest.mark.integration

Tables = dict[str, pa.Table]


def test_the_files_are_the_pinned_ones(flights_spec: ProblemSpec, flights_files: dict[str, Path]) -> None:
    package = flights_spec.source.package
    assert package is not None
    assert {name: sha256_file(path) for name, path in flights_files.items()} == {
        name: file.sha256 for name, file in package.files.items()
    }


def test_every_declared_column_is_there_and_no_other(flights_spec: ProblemSpec, flights_tables: Tables) -> None:
    for name, table in flights_spec.tables.items():
        assert flights_tables[name].column_names == list(table.columns)


def test_one_row_for_each_scheduled_flight(flights_tables: Tables) -> None:
    flights = flights_tables["flights"]
    assert flights.num_rows == 336_776
    assert pc.count_distinct(flights["id"]).as_py() == 336_776
    times = flights["predict_at"].combine_chunks()
    assert pc.all(pc.greater_equal(times[1:], times[:-1])).as_py()


def test_the_first_flight_reads_as_the_timetable_says(flights_tables: Tables) -> None:
    row = flights_tables["flights"].slice(0, 1).to_pylist()[0]
    assert row["id"] == "2013-01-01-0515-UA-1545-EWR-IAH"
    assert row["scheduled_at"] == datetime(2013, 1, 1, 10, 15)
    assert row["predict_at"] == datetime(2013, 1, 1, 8, 15)
    assert (row["departure_minute"], row["arrival_minute"], row["weekday"]) == (315, 499, 2)
    assert row["block_minutes"] == 8 * 60 + 19 - (5 * 60 + 15) + 60  # Houston is an hour behind
    assert (row["dep_delay"], row["departed_at"]) == (2, datetime(2013, 1, 1, 10, 17))
    assert (row["arr_delay"], row["arrived_at"]) == (11, datetime(2013, 1, 1, 14, 30))


@pytest.mark.parametrize(
    ("dest", "low", "high"),
    [("SJU", 215, 265), ("PHX", 295, 360), ("HNL", 625, 705), ("BOS", 60, 160), ("LAX", 330, 460)],
)
def test_block_times_are_right_across_time_zones(flights_tables: Tables, dest: str, low: int, high: int) -> None:
    flights = flights_tables["flights"]
    minutes = flights.filter(pc.equal(flights["dest"], dest))["block_minutes"]
    assert low <= pc.min(minutes).as_py()
    assert pc.max(minutes).as_py() <= high


def test_the_target_is_cancelled_diverted_or_half_an_hour_late(flights_tables: Tables) -> None:
    flights = flights_tables["flights"]
    assert pc.sum(flights["disrupted"]).as_py() == pytest.approx(0.185 * 336_776, rel=0.01)
    never_left = flights.filter(pc.is_null(flights["departed_at"]))
    assert never_left.num_rows == 8_255
    assert pc.all(never_left["disrupted"]).as_py()
    decided = pc.equal(flights["disrupted"], pc.fill_null(pc.greater_equal(flights["arr_delay"], 30), True))
    assert pc.all(decided).as_py()


def test_a_label_lands_on_arrival_or_half_an_hour_after_schedule(flights_tables: Tables) -> None:
    flights = flights_tables["flights"]
    wait = pc.divide(pc.subtract(flights["label_at"], flights["predict_at"]).cast("int64").cast("float64"), 3.6e9)
    median, late = pc.quantile(wait, [0.5, 0.95]).to_pylist()
    assert median == pytest.approx(4.8, abs=0.1)
    assert late == pytest.approx(8.3, abs=0.2)
    latest = pc.subtract(flights["label_at"], flights["scheduled_arrival_at"]).cast("int64")
    assert pc.max(latest).as_py() == 30 * 60 * 1_000_000


def test_bad_data_flows_through_to_validation(flights_tables: Tables) -> None:
    assert pc.max(flights_tables["weather"]["wind_speed"]).as_py() > 1000
    assert flights_tables["flights"]["tailnum"].null_count == 2_512


def test_an_observation_is_known_an_hour_after_its_stamp(flights_tables: Tables) -> None:
    weather = flights_tables["weather"]
    assert weather.num_rows == 26_115
    assert pc.unique(pc.subtract(weather["known_at"], weather["observed_at"]).cast("int64")).to_pylist() == [3.6e9]
