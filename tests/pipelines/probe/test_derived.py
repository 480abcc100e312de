import numpy as np
import pytest

from pipelines.probe.derived import copied_leaks, hint, target_derived
from pipelines.probe.sample import Sample

pytestmark = pytest.mark.unit
RANDOM = np.random.default_rng(5)
Y = (RANDOM.random(3000) < 0.2).astype(np.int64)


def failed(**columns: np.ndarray) -> set[str]:
    numbers = {name: values for name, values in columns.items() if values.dtype != object}
    words = {name: values for name, values in columns.items() if values.dtype == object}
    return {finding.feature for finding in target_derived(Sample(Y, numbers, words), "late") if finding.failed}


def test_the_target_by_other_names() -> None:
    assert failed(
        words=np.where(Y == 1, "gone", "here").astype(object),
        coded=np.where(Y == 1, RANDOM.choice([3.0, 4.0], 3000), RANDOM.choice([1.0, 2.0], 3000)),
        delay=np.where(Y == 1, RANDOM.uniform(30, 300, 3000), RANDOM.uniform(-20, 29, 3000)),
    ) == {"words", "coded", "delay"}


def test_a_good_feature_is_not_the_target() -> None:
    assert failed(good=RANDOM.normal(size=3000) + 2 * Y) == set()


def test_thin_categories_say_nothing() -> None:
    assert failed(row=np.arange(3000).astype(str).astype(object)) == set()


def test_a_copy_of_a_late_column() -> None:
    delay = RANDOM.integers(-20, 300, 3000).astype(float)
    delay[::7] = np.nan
    found = copied_leaks({"ahead": delay, "noise": RANDOM.normal(size=3000)}, {"dep_delay": delay})
    assert [(f.feature, f.failed, f.figure) for f in found] == [("ahead", True, 1.0)]


def test_flags_that_agree_are_no_copy() -> None:
    assert copied_leaks({"a": Y.astype(float)}, {"b": Y.astype(float)}) == []


def test_names_are_hints() -> None:
    assert "after" in hint("calls_after", "churn")
    assert "'churn'" in hint("churn_reason", "churn")
    assert hint("age", "y") == ""
