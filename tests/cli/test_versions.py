"""Naming a version, and deciding on one."""

from pathlib import Path

import pytest
from workspace import Workspace

from cli.versions import find
from understudy.errors import RegistryError
from understudy.records import Approval, Lineage, Verdict, Version


class Registry:
    """Two versions of one problem; of the port only what naming needs."""

    def versions(self, problem: str) -> tuple[Version, ...]:
        return (version(2), version(1, "champion")) if problem == "flights" else ()

    def version(self, problem: str, number: int) -> Version:
        for found in self.versions(problem):
            if found.number == number:
                return found
        raise RegistryError(f"There is no version {number} of {problem}.", "")


def version(number: int, *aliases: str) -> Version:
    return Version(
        problem="flights",
        number=number,
        digest=str(number),
        stage="development",
        approval=Approval(),
        aliases=aliases,
        verdict=Verdict(digest=str(number), decision="accepted", checks=()),
        lineage=Lineage(data_hash="", config_hash="", lock_hash="", study=""),
        metrics={},
    )


@pytest.mark.unit
@pytest.mark.parametrize(("text", "number"), [("2", 2), ("flights/1", 1), ("flights@champion", 1)])
def test_a_version_has_three_names(text: str, number: int) -> None:
    assert find(Registry(), text, "flights").number == number  # type: ignore[arg-type]


@pytest.mark.unit
@pytest.mark.parametrize("text", ["3", "bank/1", "flights@previous", "champion", "flights/one", ""])
def test_a_name_of_nothing_is_refused(text: str) -> None:
    with pytest.raises(RegistryError, match="no version"):
        find(Registry(), text, "flights")  # type: ignore[arg-type]


@pytest.mark.e2e
def test_versions_are_listed_shown_and_rejected(trained_toy: Workspace) -> None:
    listed = trained_toy.json("models", "--problem", "toy")
    assert [(row["problem"], row["number"], row["champion"]) for row in listed] == [("toy", 1, True)]
    assert trained_toy.json("models", "--problem", "other") == []
    shown = trained_toy.json("show", "1")
    assert shown == listed[0]
    assert shown["verdict"]["checks"][0]["name"] == "toy"
    people = trained_toy.run("show", "toy@champion").stdout
    assert "toy/1 champion" in people
    error = trained_toy.json("models", "--problem", "nope", code=1)["error"]
    assert error["code"] == "spec"
    assert "'nope'" in error["what"]
    assert "toy, other" in error["fix"]
    assert "A toy's reason." in people
    assert trained_toy.json("show", "9", code=1)["error"]["code"] == "registry"
    refused = trained_toy.json("reject", "1", "--why", "a mistake", "--by", "ann")
    assert refused["approval"] == {"state": "rejected", "by": "ann", "why": "a mistake"}


@pytest.mark.e2e
def test_before_any_training_there_are_no_versions(toy: Workspace) -> None:
    assert toy.json("models") == []
    assert "No versions yet" in toy.run("models").stdout
    assert "`understudy train --problem toy`" in toy.run("models", "--problem", "toy").stdout
    assert not Path(toy.home / "mlflow").exists()
