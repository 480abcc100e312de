"""What can be trained here."""

import shutil
from pathlib import Path

import pytest
from workspace import Workspace

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parents[2]


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
    sound, broken = toy.json("problems")
    assert (sound["name"], sound["task"]) == ("toy", "binary")
    assert "error" not in sound
    assert (broken["name"], broken["task"], broken["rows"]) == ("other", None, None)
    assert "colour: unknown key" in broken["error"]
    assert "other.yaml line" in broken["error"]
    people = toy.run("problems").stdout
    assert "A toy" in people
    assert "colour: unknown key" in people


def test_only_when_no_problem_can_be_read_does_the_list_fail(toy: Workspace) -> None:
    for name in ("toy", "other"):
        (toy.root / "configs" / "problems" / f"{name}.yaml").write_text("[")
    assert ["error" in row for row in toy.json("problems", code=1)] == [True, True]


def test_without_its_registry_the_list_says_so(trained_toy: Workspace) -> None:
    listed = trained_toy.json("problems", TOY_REGISTRY_DOWN="1")
    assert [(row["task"], row["champion"]) for row in listed] == [("binary", None)] * 2
    assert all("cannot be reached" in row["note"] for row in listed)
    people = trained_toy.run("problems", TOY_REGISTRY_DOWN="1").stdout
    assert "unknown" in people
    assert "cannot be reached" in people


def test_a_list_that_is_no_list_is_named(toy: Workspace) -> None:
    (toy.root / "configs" / "problems.yaml").write_text("- toy\n")
    assert "problems.yaml does not list the problems" in toy.json("problems", code=1)["error"]["what"]


def test_rows_are_known_before_the_first_run(workspace: Workspace) -> None:
    """The real bank problem, from its data package."""
    shutil.copy(ROOT / "configs" / "problems" / "bank.yaml", workspace.root / "configs" / "problems" / "bank.yaml")
    with (workspace.root / "configs" / "problems.yaml").open("a", encoding="utf-8") as listing:
        listing.write("  bank: {source: problems/bank}\n")
    assert workspace.json("problems")[-1]["rows"] == 45_211
