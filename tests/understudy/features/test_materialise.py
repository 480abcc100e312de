from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest

from understudy.features.materialise import materialise
from understudy.features.views import open_views
from understudy.problem import ProblemSpec

pytestmark = pytest.mark.integration


def test_a_snapshot_holds_every_key_at_the_newest_tick(
    make_spec: Callable[..., ProblemSpec], orders: pa.Table, tmp_path: Path
) -> None:
    spec = make_spec()
    with open_views(spec, tmp_path, {"orders": orders}) as views:
        result = materialise(spec, views, datetime(2024, 3, 2, 12, 40))["shop"]
    assert result.at == datetime(2024, 3, 2, 12)
    assert set(result.values) >= {("corner",), ("market",), ("pier",)}
    assert all(count > 0 for count, _ in result.values.values())
