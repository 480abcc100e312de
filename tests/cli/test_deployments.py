"""Deploying, promoting, rolling back and routing from the command line."""

from pathlib import Path
from typing import Any

import pytest
import typer
from fake_deployment_log import FakeDeploymentLog
from fake_registry import FakeRegistry
from small_bundle import a_bundle, verdict_on
from typer.testing import CliRunner, Result

from cli import deployments as commands
from cli.answer import answering
from understudy.adapters.bundle_folder import FolderBundles
from understudy.deploying import Deployer
from understudy.records import Deployment
from understudy.settings import Settings

pytestmark = pytest.mark.integration

NAMES = ("deploy", "promote", "rollback", "route", "threshold", "deployments")


class House:
    """Three approved versions of ``toy``, and the command line over them."""

    def __init__(self, folder: Path) -> None:
        self.registry, self.log, self.bundles = FakeRegistry(), FakeDeploymentLog(), FolderBundles(folder / "store")
        self.folder = folder
        for number in (1, 2, 3):
            bundle = a_bundle(folder / str(number), title=f"Toy {number}")
            self.registry.register(bundle, verdict_on(bundle.digest))
            self.registry.decide("toy", number, "approved", "gate", "passed")
        self.registry.promote("toy", 1)
        self.app = typer.Typer()
        for name in NAMES:
            self.app.command(name)(answering(getattr(commands, name)))

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(self.app, [*arguments], env={"COLUMNS": "160"})

    def done(self, *arguments: str) -> str:
        """Run a command that must succeed, and give what it says."""
        result = self.run(*arguments)
        assert result.exit_code == 0, result.output
        return result.stdout

    def refused(self, *arguments: str) -> str:
        result = self.run(*arguments)
        assert result.exit_code == 1, result.output
        return " ".join(result.stderr.split())

    @property
    def newest(self) -> Deployment:
        newest = self.log.newest("toy")
        assert newest is not None
        return newest


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    house = House(tmp_path)
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "problems.yaml").write_text("problems:\n  toy:\n  other:\n", encoding="utf-8")
    monkeypatch.setattr(commands, "prepare", lambda: Settings(root=tmp_path, home=tmp_path / "var"))
    monkeypatch.setattr(commands, "_log", lambda _: house.log)
    monkeypatch.setattr(commands, "_registry", lambda _: house.registry)
    monkeypatch.setattr(commands, "_deployer", lambda _: Deployer(house.log, house.registry, house.bundles))
    return house


def test_a_threshold_of_its_own_is_shown_and_ends(house: House) -> None:
    house.done("deploy", "toy@champion", "--why", "to begin with")
    said = house.done("threshold", "0.3", "--why", "labels of March")
    assert said == "Revision 2 of toy (threshold): champion toy/1 100 % (decides at 0.3).\n"
    assert "decides at 0.3" in house.done("deployments")
    assert "decides" not in house.done("threshold", "bundle", "--arm", "champion", "--why", "no longer")
    assert house.newest.champion.threshold is None


def test_from_the_first_champion_to_a_rollback(house: House) -> None:
    said = house.done("deploy", "toy@champion", "--why", "to begin with", "--by", "ann")
    assert said == "Revision 1 of toy (deploy): champion toy/1 100 %.\n"
    said = house.done("deploy", "2", "--mode", "canary", "--ramp", "5,25,50", "--hold", "15m", "--why", "a try")
    assert said == "Revision 2 of toy (deploy): champion toy/1 95 %, challenger toy/2 5 % (5, 25, 50 % by turns).\n"
    assert house.newest.ramp is not None
    assert house.newest.ramp.hold == 900
    said = house.done("deploy", "toy/3", "--mode", "shadow", "--why", "a look")
    assert said.endswith("shadow toy/3.\n")
    assert "champion toy/1 80 %" in house.done("route", "--weights", "challenger=20%", "--why", "more")
    assert "The kill switch is on" in house.done("route", "--kill", "--why", "to be sure")
    assert "kill switch" not in house.done("route", "--resume", "--why", "false alarm")
    assert "shadow" not in house.done("route", "--drop", "shadow", "--why", "seen enough")
    assert house.done("promote", "--why", "it is better") == "Revision 8 of toy (promote): champion toy/2 100 %.\n"
    assert "champion toy/1 100 %" in house.done("rollback", "--why", "it is worse")
    assert "champion toy/2 100 %" in house.done("rollback", "--to", "8", "--why", "it was not")
    assert house.newest.revision == 10


def test_the_history_says_who_when_and_why(house: House) -> None:
    house.done("deploy", "1", "--why", "to begin with", "--by", "ann")
    house.done("deploy", "2", "--mode", "ab", "--weight", "30", "--experiment", "spring", "--why", "a test")
    house.done("rollback", "--to", "1", "--why", "no [good]")
    shown = house.done("deployments")
    for words in ("champion toy/1 70 %", "challenger toy/2 30 %", "ann", "rollback to 1", "no [good]", "to begin with"):
        assert words in shown
    listed = commands.deployments(problem="toy", limit=2).value
    assert [row["revision"] for row in listed] == [3, 2]
    assert (listed[1]["experiment"], listed[1]["mode"]) == ("spring", "ab")


def test_a_change_answers_programs_with_the_revision(house: House) -> None:
    value: dict[str, Any] = commands.deploy("1", "to begin with").value
    assert value["unmirrored"] is None
    assert Deployment.model_validate({k: v for k, v in value.items() if k != "unmirrored"}) == house.newest


def test_aliases_that_could_not_follow_are_mentioned(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house.registry, "point", lambda *_: house.registry.version("toy", 99))
    said = house.done("deploy", "1", "--why", "to begin with")
    assert "the registry's aliases do not show it yet: There is no version 99" in said


def test_before_the_first_deployment(house: House) -> None:
    assert "Nothing is deployed yet" in house.done("deployments")
    assert commands.deployments(limit=20).value == []
    assert "Nothing of other is deployed yet" in house.done("deployments", "--problem", "other")
    assert "Nothing is deployed yet." in house.refused("promote", "--why", "a try")


def test_with_several_problems_one_is_asked_for(house: House) -> None:
    house.done("deploy", "1", "--why", "to begin with")
    other = house.newest.model_copy(update={"problem": "other"})
    house.log.append(other)
    assert "toy, other are deployed. Say which" in house.refused("deployments")
    assert "toy, other are deployed." in house.refused("route", "--kill", "--why", "a try")
    assert "revision 2 of toy" in house.done("route", "--kill", "--why", "a try", "--problem", "toy").lower()


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("deploy", "2", "--mode", "blue"), "There is no mode 'blue'. The modes: single, canary"),
        (("deploy", "2", "--mode", "canary", "--weight", "500"), "500 %"),
        (("deploy", "2", "--mode", "canary", "--ramp", "5;10"), "'5;10' is not a percentage"),
        (("threshold", "high"), "'high' is not a threshold. Write a number from 0 to 1, or `bundle`."),
        (("threshold", "1.5"), "A threshold of 1.5 is no probability"),
        (("threshold", "0.5", "--arm", "challenger"), "has no 'challenger'"),
        (("deploy", "2", "--mode", "canary", "--hold", "soon"), "'soon' is not a time"),
        (("deploy", "9"), "'9' names no version"),
        (("deploy", "2", "--based-on", "7"), "based on revision 7, and revision 1 stands: deploy by"),
        (("route", "--weights", "champion"), "'champion' does not name weights"),
        (("route", "--weights", "b=5"), "has no 'b'"),
        (("route", "--kill", "--resume"), "One change at a time"),
        (("route",), "One change at a time"),
        (("rollback",), "no revision with another champion"),
        (("rollback", "--to", "7"), "no revision 7"),
        (("promote",), "nothing beside it"),
    ],
)
def test_a_refusal_says_what_to_do(house: House, arguments: tuple[str, ...], what: str) -> None:
    house.done("deploy", "1", "--why", "to begin with")
    assert what in house.refused(*arguments, "--why", "a try")
    assert house.newest.revision == 1


def test_a_reason_must_be_given(house: House) -> None:
    assert house.run("deploy", "1").exit_code == 2
    assert "needs a reason" in house.refused("deploy", "1", "--why", " ")


def test_a_first_deployment_is_made_once(house: House) -> None:
    house.done("deploy", "toy/1", "--first", "--why", "start")
    house.done("deploy", "toy/2", "--mode", "canary", "--why", "a share")
    assert "is deployed already, by revision 2" in house.done("deploy", "toy/1", "--first", "--why", "start")
    assert (house.newest.revision, house.newest.mode) == (2, "canary")
