"""What can be trained here."""

import pytest
from workspace import Workspace

pytestmark = pytest.mark.e2e


def test_problems_are_listed_with_rows_and_champion(trained_toy: Workspace) -> None:
    toy, other = trained_toy.json("problems")
    assert toy == {"name": "toy", "title": "A toy", "task": "binary", "rows": 600, "champion": 1}
    assert other == {"name": "other", "title": "A toy", "task": "binary", "rows": 600, "champion": None}
    assert "A toy" in trained_toy.run("problems").stdout


def test_listing_creates_nothing(toy: Workspace) -> None:
    assert [row["champion"] for row in toy.json("problems")] == [None, None]
    assert not toy.home.exists()


def test_an_unknown_key_is_named_with_its_line(toy: Workspace) -> None:
    path = toy.root / "configs" / "problems" / "other.yaml"
    path.write_text(path.read_text() + "colour: red\n")
    error = toy.json("problems", code=1)["error"]
    assert error["code"] == "spec"
    assert "colour: unknown key" in error["what"]
    assert "other.yaml line" in error["what"]


def test_a_list_that_is_no_list_is_named(toy: Workspace) -> None:
    (toy.root / "configs" / "problems.yaml").write_text("- toy\n")
    assert "problems.yaml does not list the problems" in toy.json("problems", code=1)["error"]["what"]
