"""``understudy report`` on a ledger of the toy problem."""

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_bandit import a_revision
from small_predictions import a_prediction, a_shadow
from some_versions import digest_of
from typer.testing import CliRunner

from cli import report
from understudy.adapters import open_deployment_log, open_ledger
from understudy.errors import DataError, DeploymentError
from understudy.records import Deployment, Label, Shadow
from understudy.settings import Settings

pytestmark = pytest.mark.integration

PROJECT = Path(__file__).resolve().parents[2]
START = datetime(2013, 11, 1)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    shutil.copytree(PROJECT / "tests" / "fakes" / "toy" / "configs", tmp_path / "configs")
    settings = Settings(root=tmp_path, home=tmp_path / "var")
    monkeypatch.setattr(report, "prepare", lambda: settings)
    return settings


@pytest.fixture
def played(settings: Settings) -> Iterator[Settings]:
    """A shadow of version 2 over six days, then a bandit over six more; 40 requests a day."""
    log, ledger = open_deployment_log(settings), open_ledger(settings)
    alone = a_revision(1, "single").model_dump() | {"shadows": (Shadow(name="shadow", version=2, digest=digest_of(2)),)}
    log.append(Deployment(**alone))
    log.append(a_revision(2, at=START + timedelta(days=6)))
    rng = np.random.default_rng(5)
    rows, labels = [], []
    for number in range(480):
        at, y, score = START + timedelta(minutes=36 * number), float(rng.random() < 0.5), float(rng.random())
        rows += _rows(number, at, score, y, rng)
        labels.append(Label("toy", y, key=f"k{number}", landed_at=at + timedelta(hours=1)))
    ledger.append(rows)
    ledger.label(labels)
    yield settings
    ledger.close()
    log.close()


def _rows(number: int, at: datetime, score: float, y: float, rng: Any) -> Iterator[Any]:
    said = {"at": at, "event_time": at, "score": score, "threshold": 0.5, "decision": score >= 0.5}
    if number < 240:
        yield a_prediction(number, **said)
        sharper = 0.3 * score + 0.7 * y
        yield a_shadow(number, **said | {"score": sharper, "decision": sharper >= 0.5})
    else:
        arm = rng.random() < 0.5
        right = {"arm": "challenger", "version": 2, "decision": y == 1} if arm else {}
        yield a_prediction(number, **said | {"revision": 2, "propensity": 0.5} | right)


def shown(*arguments: str) -> str:
    return CliRunner().invoke(report.report_app, arguments, env={"COLUMNS": "200"}).stdout


def test_a_shadow_is_held_against_the_champion(played: Settings) -> None:
    answer = report.shadow("toy", until="2013-11-07")
    assert (answer.value["advice"], answer.value["scored"], answer.value["missing"]) == ("promote to canary", 240, 0)
    page = Path(answer.value["page"])
    assert page.is_file()
    assert page.parent == played.home / "reports/toy/shadows"
    index = (played.home / "reports/toy/index.html").read_text(encoding="utf-8")
    assert f"shadows/{page.name}" in index
    text = shown("shadow", "--problem", "toy", "--until", "2013-11-07")
    assert "toy/2 beside toy/1: promote to canary" in text
    assert "240 of 240 requests scored, 240 with a label" in text


def test_a_bandit_is_told_with_what_others_would_have_earned(played: Settings) -> None:
    answer = report.bandit("toy")
    assert (answer.value["decisions"], answer.value["revision"]) == (240, 2)
    assert [row["policy"] for row in answer.value["policies"]][:2] == ["champion alone", "challenger alone"]
    assert Path(answer.value["page"]).is_file()
    text = shown("bandit", "--problem", "toy")
    assert "challenger is the best arm with 100" in text
    assert "even split" in text
    assert report.bandit("toy", since="2013-11-10").value["decisions"] < 240


def test_a_look_back_is_a_page_beside_the_full_one(played: Settings) -> None:
    for look, more in ((report.shadow, {"until": "2013-11-07"}), (report.bandit, {})):
        full = look("toy", **more).value
        back = look("toy", **more, as_of="2013-11-02").value
        assert (full["labelled"], back["labelled"]) in ((240, 39), (240, 0))
        assert back["page"] == full["page"].split("--seen-")[0].removesuffix(".html") + "--seen-2013-11-02T0000.html"
        assert Path(full["page"]).with_suffix(".json").read_text(encoding="utf-8").count('"labelled": 240') >= 1
    index = (played.home / "reports/toy/index.html").read_text(encoding="utf-8")
    assert index.count("seen as of 2 November 2013.") == 2


@pytest.mark.parametrize(
    "span",
    [{"since": "2013-11-05", "until": "2013-11-02"}, {"since": "2013-11-05", "until": "2013-11-05"}, {"since": "2014"}],
)
def test_a_shadow_is_not_looked_at_in_an_empty_span(played: Settings, span: dict[str, str]) -> None:
    said = {name: f"{at}-01-01" if len(at) == 4 else at for name, at in span.items()}
    with pytest.raises(DataError, match="The span begins 201") as error:
        report.shadow("toy", **said)
    assert error.value.fix
    assert not list((played.home / "reports").glob("*/shadows/*"))
    arguments = [part for name, at in said.items() for part in (f"--{name}", at)]
    assert CliRunner().invoke(report.report_app, ["shadow", "--problem", "toy", *arguments]).exit_code != 0


def test_the_index_is_made_of_nothing(settings: Settings) -> None:
    answer = report.index("toy")
    assert Path(answer.value["page"]).is_file()
    assert Path(answer.value["all"]).is_file()
    assert settings.home in Path(answer.value["page"]).parents


def test_what_is_not_there_is_said(settings: Settings) -> None:
    with pytest.raises(DataError, match="toy has had no shadow yet"):
        report.shadow("toy")
    with pytest.raises(DeploymentError, match="toy has had no bandit"):
        report.bandit("toy")
