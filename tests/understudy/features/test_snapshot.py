import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
import pytest

from understudy.features.plan import make_plan
from understudy.features.snapshot import Result, as_array, as_key, compute_one, look_up
from understudy.problem import ProblemSpec

pytestmark = pytest.mark.unit

MakeSpec = Callable[..., ProblemSpec]
NOON = datetime(2024, 3, 2, 12)
SNAPSHOT = {"shop": Result(NOON, {("pier",): (2.0, 120.0)})}


def test_a_known_key_gives_the_views_values(make_spec: MakeSpec) -> None:
    assert look_up(make_spec(), SNAPSHOT, {"shop": "pier"}, NOON) == {"shop_delivered": 2.0, "shop_minutes": 120.0}


@pytest.mark.parametrize(
    ("snapshot", "shop", "later"),
    [(SNAPSHOT, "corner", 0), (SNAPSHOT, None, 0), ({}, "pier", 0), (SNAPSHOT, "pier", 181)],
    ids=["unknown key", "missing key", "view not there", "too old"],
)
def test_what_is_not_known_is_missing(make_spec: MakeSpec, snapshot: dict[str, Result], shop: str, later: int) -> None:
    found = look_up(make_spec(), snapshot, {"shop": shop}, NOON + timedelta(minutes=later))
    assert all(np.isnan(value) for value in found.values())
    assert len(found) == 2


def test_keys_are_what_views_write() -> None:
    assert as_key(["pier", True, 2.5]) == ("pier", "true", "2.5")
    assert as_key(["pier", None]) is None
    assert as_key([]) == ()


def test_a_value_serves_up_to_its_largest_age(make_spec: MakeSpec) -> None:
    assert look_up(make_spec(), SNAPSHOT, {"shop": "pier"}, NOON + timedelta(hours=3))["shop_delivered"] == 2.0


def test_one_request_gives_every_input(make_spec: MakeSpec) -> None:
    spec = make_spec()
    inputs = compute_one(spec, make_plan(spec), SNAPSHOT, {"shop": "pier", "size": 3, "gift": None}, NOON)
    assert inputs["mean_minutes"] == 60
    assert inputs["relative_size"] == np.float32(0.05)
    assert np.isnan(inputs["gift"])
    assert (inputs["shop"], inputs["size_class"]) == ("pier", "large")


def test_arrays_say_missing_in_their_own_way() -> None:
    assert as_array([None, 7], "category").tolist() == ["", "7"]
    assert np.isnat(as_array([None], "time")[0])
    assert as_array([True], "flag").tolist() == [1.0]


def test_looking_up_needs_neither_duckdb_nor_arrow() -> None:
    code = "import sys, understudy.features.snapshot; print({'duckdb', 'pyarrow', 'pandas'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
