from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from pipelines.ingest.content import data_hash

pytestmark = pytest.mark.unit

TABLE = pa.table(
    {
        "n": pa.array([1, None, 3], pa.int64()),
        "x": pa.array([0.5, 1.5, None], pa.float64()),
        "w": pa.array(["ab", None, "c"], pa.string()),
        "f": pa.array([True, False, None], pa.bool_()),
        "t": pa.array([1, 2, None], pa.timestamp("us")),
    }
)


def test_hash_is_of_the_content_alone(tmp_path: Path) -> None:
    chunked = pa.concat_tables([TABLE.slice(0, 1), TABLE.slice(1)])
    named = TABLE.replace_schema_metadata({"written by": "someone"})
    pq.write_table(TABLE, tmp_path / "t.parquet", compression="gzip", row_group_size=1)
    for same in (chunked, named, pq.read_table(tmp_path / "t.parquet"), pa.concat_tables([TABLE, TABLE]).slice(3)):
        assert data_hash({"t": same}) == data_hash({"t": TABLE})


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("n", [1, 0, 3]),
        ("x", [0.5, 1.5, 0.0]),
        ("w", ["a", None, "bc"]),
        ("w", ["ab", "", "c"]),
        ("f", [True, None, None]),
        ("t", [1, 2, 0]),
        ("n", [None, 1, 3]),
    ],
)
def test_every_value_counts(column: str, values: list[object]) -> None:
    place = TABLE.schema.get_field_index(column)
    other = TABLE.set_column(place, column, pa.array(values, TABLE.schema.field(column).type))
    assert data_hash({"t": other}) != data_hash({"t": TABLE})


def test_names_types_and_order_count() -> None:
    as_float = TABLE.set_column(0, "n", TABLE["n"].cast(pa.float64()))
    others = [
        {"u": TABLE},
        {"t": as_float},
        {"t": TABLE.select(["x", "n", "w", "f", "t"])},
        {"t": TABLE.take([1, 0, 2])},
    ]
    assert len({data_hash(tables) for tables in [{"t": TABLE}, *others]}) == 5
