"""Counting what stands out, and adding it up."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.score.facts import Facts, missing_values, unseen_categories
from understudy.bundle.manifest import Reference

pytestmark = pytest.mark.unit

PLAN: Any = SimpleNamespace(numbers=("size", "weight"), categories=("town", "street"))
NUMBERS = np.array([[1.0, np.nan], [2.0, np.nan], [3.0, 4.0]], np.float32)
CATEGORIES = np.array([["ash", ""], ["oak", "x"], ["", "y"]], dtype=object)


def test_missing_values_are_counted_by_input() -> None:
    assert missing_values(PLAN, NUMBERS, CATEGORIES) == {"weight": 2, "town": 1, "street": 1}
    assert missing_values(PLAN, NUMBERS, None) == {"weight": 2}
    assert missing_values(PLAN, None, CATEGORIES[:0]) == {}


def test_what_training_did_not_hold_is_marked_where_the_manifest_says_what_it_held() -> None:
    reference = Reference(known={"town": ("ash", "elm")}, numbers=(), categories=())
    found = unseen_categories(PLAN, reference, CATEGORIES)
    assert {name: rows.tolist() for name, rows in found.items()} == {"town": [False, True, False]}
    assert unseen_categories(PLAN, reference, CATEGORIES[:1]) == {}
    assert unseen_categories(PLAN, None, CATEGORIES) == {}
    assert unseen_categories(PLAN, reference, None) == {}


def test_facts_add_up_and_are_read_back(tmp_path: Path) -> None:
    one = Facts(3, 1, 0.75, {"size": 2}, {"town": 1})
    other = Facts(2, 2, 1.5, {"size": 1, "weight": 1}, {})
    assert one + other == Facts(5, 3, 2.25, {"size": 3, "weight": 1}, {"town": 1})
    path = tmp_path / "part.parquet"
    pq.write_table(pa.table({"score": [0.5]}).replace_schema_metadata(one.dump()), path)
    assert Facts.read(path) == one
