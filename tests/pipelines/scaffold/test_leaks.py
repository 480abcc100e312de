from typing import Any

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.integration


def roles(made: Any) -> dict[str, str]:
    return {guess.name: guess.role for guess in made.columns}


def test_honest_columns_stay(make: Any, customers: pd.DataFrame) -> None:
    made = make(customers)
    assert roles(made) == {
        "row_number": "id",
        "months": "feature",
        "plan": "feature",
        "spent": "feature",
        "left": "target",
    }
    assert made.warnings == ()


def test_each_kind_of_leak_is_kept_out(make: Any, customers: pd.DataFrame) -> None:
    random, left = np.random.default_rng(2), customers["left"].to_numpy()
    customers["refund"] = np.where(left, random.normal(50, 5, 400), random.normal(20, 12, 400))
    customers["why"] = np.where(left, "moved", None)
    customers["state"] = np.where(left, random.choice(["c", "d"], 400), random.choice(["a", "b"], 400))
    customers["calls_after"] = random.normal(size=400) + 1.1 * left
    made = make(customers)
    assert {name for name, role in roles(made).items() if role == "leak"} == {"refund", "why", "state", "calls_after"}
    for name in ("refund", "why", "state", "calls_after"):
        assert any(repr(name) in warning and "role leak" in warning for warning in made.warnings)


def test_many_strong_columns_are_an_easy_problem(make: Any, customers: pd.DataFrame) -> None:
    random = np.random.default_rng(2)
    for number in range(6):
        customers[f"strong{number}"] = random.normal(size=400) + 1.6 * customers["left"]
    made = make(customers)
    assert roles(made)["strong0"] == "feature"
    assert "allow: [strong" in made.path.read_text(encoding="utf-8")
    assert sum("look into them" in warning for warning in made.warnings) == 1


def test_a_name_alone_is_told_and_proves_nothing(make: Any, customers: pd.DataFrame) -> None:
    customers["final_price"] = customers.pop("spent")
    made = make(customers)
    assert roles(made)["final_price"] == "feature"
    assert "allow: []" in made.path.read_text(encoding="utf-8")
    assert any("'final_price' says that it is known afterwards" in warning for warning in made.warnings)


def test_a_column_that_stands_out_is_told_and_stays(make: Any, customers: pd.DataFrame) -> None:
    random = np.random.default_rng(4)
    noise = pd.DataFrame({"left": customers["left"], "spent": customers["spent"], "size": random.normal(size=400)})
    noise["talk"] = random.normal(size=400) + 1.05 * customers["left"]
    made = make(noise)
    assert roles(made)["talk"] == "feature"
    assert "allow: [talk]" in made.path.read_text(encoding="utf-8")
    (told,) = (warning for warning in made.warnings if "'talk'" in warning)
    assert "alone reaches a ROC AUC of 0.7" in told
    assert "set role: leak in configs/problems/customers.yaml" in told


def test_dated_rows_are_judged_on_the_oldest_too(make: Any, customers: pd.DataFrame) -> None:
    """A column that gives the target away only in the rows that are learned from."""
    customers["day"] = pd.date_range("2024-01-01", periods=400).astype(str)
    random = np.random.default_rng(6)
    customers["early"] = random.normal(size=400) + np.where(np.arange(400) < 240, 2.0 * customers["left"], 0)
    made = make(customers, time="day")
    assert roles(made)["early"] == "feature"
    assert "allow: [early]" in made.path.read_text(encoding="utf-8")
    assert any("'early' alone reaches" in warning for warning in made.warnings)


def test_a_single_strong_column_is_not_taken_away(make: Any, customers: pd.DataFrame) -> None:
    only = pd.DataFrame(
        {"left": customers["left"], "score": customers["left"] + np.random.default_rng(1).normal(size=400)}
    )
    assert roles(make(only))["score"] == "feature"
