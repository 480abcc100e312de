"""Experiments from the command line: from a plan that is only shown to a verdict that is carried out."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from laboratory import Behaviour, Laboratory
from typer.testing import CliRunner, Result

import cli.answer
import understudy.adapters
from cli import experiment as commands

pytestmark = pytest.mark.integration

PLAN = ("plan", "autumn", "--challenger", "toy/2", "--effect", "30%", "--why", "is it better?")


class Console:
    """The command line over a laboratory."""

    def __init__(self, lab: Laboratory) -> None:
        self.lab = lab

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(commands.experiment_app, [*arguments], env={"COLUMNS": "160"})

    def done(self, *arguments: str) -> Any:
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def said(self, *arguments: str) -> str:
        result = self.run(*arguments)
        assert result.exit_code == 0, result.output
        return result.stdout

    def refused(self, *arguments: str) -> str:
        result = self.run(*arguments)
        assert result.exit_code == 1, result.output
        return " ".join(result.stderr.split())


@pytest.fixture
def console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Console:
    lab = Laboratory(tmp_path)
    lab.answer(600)
    opened = {"deployment_log": lab.log, "ledger": lab.ledger, "registry": lab.registry, "watch_log": lab.watch}
    for name, store in opened.items():
        monkeypatch.setattr(understudy.adapters, f"open_{name}", lambda _, store=store: store)
    monkeypatch.setattr(cli.answer, "_claim_stdout", lambda: sys.stdout)
    monkeypatch.setattr(commands, "prepare", lambda: lab.settings)
    monkeypatch.setattr(commands, "spec_of", lambda *_: lab.spec)
    monkeypatch.setattr(commands, "open_means", lambda *_: lab.means)
    monkeypatch.setattr(commands, "now", lab.clock)
    return Console(lab)


def test_a_plan_is_shown_before_it_is_written(console: Console) -> None:
    said = console.said(*PLAN)
    assert "Nothing is written yet" in said
    assert "labelled units" in said
    assert "days at 1,4" in said
    assert console.done("list") == []
    written = console.done(*PLAN, "--write")
    assert (written["written"], written["plan"]["act"]) == (True, False)
    (listed,) = console.done("list")
    assert (listed["name"], listed["state"], listed["digest"]) == ("autumn", "planned", written["digest"])
    page = Path(written["page"])
    assert "autumn: planned" in page.read_text(encoding="utf-8")
    assert "experiments/autumn.html" in (page.parents[1] / "index.html").read_text(encoding="utf-8")
    assert "does not change" in console.refused(*PLAN, "--write") or "already" in console.refused(*PLAN, "--write")


def test_from_start_to_verdict(console: Console) -> None:
    console.said(*PLAN, "--act", "--write")
    assert "planned, and has not started" in console.said("status", "autumn")
    assert "since revision 2" in console.said("start", "autumn")
    console.lab.answer(300)
    status = console.done("status", "autumn")
    assert status["status"]["verdict"]["outcome"] == "continue"
    assert Path(status["page"]).is_file()
    console.lab.answer(9000, challenger=Behaviour(right=0.97))
    shown = console.said("status", "autumn")
    assert "autumn: promote" in shown
    assert "town=cedar" in shown
    assert console.lab.log.newest("toy").revision == 2  # type: ignore[union-attr]
    assert "toy/2 is champion" in console.said("status", "autumn", "--act")
    assert console.lab.log.newest("toy").champion.version == 2  # type: ignore[union-attr]
    assert "promote" in console.said("list")


def test_a_cost_without_labels_is_not_known_yet(console: Console) -> None:
    console.said(*PLAN, "--write")
    console.said("start", "autumn")
    console.lab.answer(40, labels=False)
    said = console.said("status", "autumn")
    assert "nan" not in said.split()
    assert said.count("not known yet") == 2
    assert [arm["cost"] for arm in console.done("status", "autumn")["status"]["arms"]] == [None, None]


def test_stopping(console: Console) -> None:
    console.said(*PLAN, "--write")
    console.said("start", "autumn")
    assert "champion answers alone" in console.said("stop", "autumn", "--why", "budget")
    assert "autumn ended" in console.said("status", "autumn")
    assert "ended already" in console.refused("stop", "autumn", "--why", "again")


def test_what_is_wrong_is_named_with_its_fix(console: Console) -> None:
    assert "no experiment winter" in console.refused("status", "winter")
    assert "no mode 'best'" in console.refused(*PLAN, "--mode", "best")
    assert "--longest soon is no span" in console.refused(*PLAN, "--longest", "soon")
    assert "no effect" in console.refused(*PLAN[:5], "lots", *PLAN[6:])
