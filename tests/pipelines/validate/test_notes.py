from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from pipelines.validate.notes import open_categories, telling_gaps
from understudy.problem import ProblemSpec, Table

pytestmark = pytest.mark.unit

ROWS = 400


@pytest.fixture
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    base = {name: np.arange(ROWS, dtype=float) for name in ("id", "at", "known", "size", "noise", "weight")}
    return pd.DataFrame(base | {"town": "north", "street": "s", "sold": rng.random(ROWS) < 0.3})


@pytest.fixture
def spec(toy_spec: Callable[..., ProblemSpec]) -> ProblemSpec:
    return toy_spec()


def told(frame: pd.DataFrame, spec: ProblemSpec) -> list[str]:
    return list(telling_gaps(frame, frame["sold"], spec))


def test_gaps_at_random_tell_nothing(frame: pd.DataFrame, spec: ProblemSpec) -> None:
    frame.loc[::3, "weight"] = np.nan
    assert told(frame, spec) == []


def test_a_gap_that_means_positive_is_told(frame: pd.DataFrame, spec: ProblemSpec) -> None:
    frame.loc[:49, "sold"] = True
    frame.loc[:49, "weight"] = np.nan
    base = 100 * frame["sold"].mean()
    (note,) = told(frame, spec)
    assert note == (
        f"rows.weight is missing in 50 rows, and 100.0 % of them are positive (of all rows {base:.1f} %): "
        "it is a model input and a suspected leak."
    )


def test_a_value_that_only_positives_lack_is_told_from_the_other_side(frame: pd.DataFrame, spec: ProblemSpec) -> None:
    frame["known"] = frame["known"].where(~frame["sold"])
    frame.loc[frame.index[~frame["sold"]][:40], "known"] = np.nan
    (note,) = told(frame, spec)
    assert "rows.known is present" in note
    assert "0.0 % of them are positive" in note
    assert "away from the model" in note


def test_a_few_rows_may_be_chance(frame: pd.DataFrame, spec: ProblemSpec) -> None:
    frame.loc[:4, "sold"] = True
    frame.loc[:4, "weight"] = np.nan
    assert told(frame, spec) == []


def test_new_values_of_open_lists_are_told(frame: pd.DataFrame) -> None:
    columns = {"town": {"kind": "category", "categories": ["south", "..."]}, "street": {"kind": "category"}}
    declared = Table.model_validate({"columns": columns})
    frame.loc[3, "town"] = None
    assert list(open_categories(frame, "rows", declared)) == ["rows.town has 1 values beyond the known ones: north."]
