"""The flow that acts on one alert, without a server."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from small_watch import an_alert

import cli.acting
import cli.environment
from cli.served import act_on_an_alert
from monitoring.alerts import Acting
from understudy.adapters import open_watch_log
from understudy.errors import UnderstudyError
from understudy.problem import ProblemSpec
from understudy.records import Alert
from understudy.settings import Settings

pytestmark = pytest.mark.integration

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A project whose action writes a page and no more."""
    shutil.copytree(PROJECT / "tests" / "fakes" / "toy" / "configs", tmp_path / "configs")
    made = Settings(root=tmp_path, home=tmp_path / "var")
    page = made.home / "reports" / "toy" / "incidents" / "a0001.html"

    def investigate(_alert: Alert) -> dict[str, Any]:
        page.parent.mkdir(parents=True)
        page.write_text("<title>size moved</title>")
        return {"what": "Suspected: size.", "incident": str(page.relative_to(made.home))}

    def means(spec: ProblemSpec, settings: Settings) -> Acting:
        return Acting(spec, open_watch_log(settings), {"investigate": investigate}, lambda: None)

    monkeypatch.setattr(cli.environment, "prepare", lambda: made)
    monkeypatch.setattr(cli.acting, "means", means)
    return made


def test_the_index_leads_to_the_page_about_what_was_done(settings: Settings) -> None:
    log = open_watch_log(settings)
    log.raise_alert(an_alert(state="decided"))
    assert act_on_an_alert.fn("toy", "a0001") == "done"
    log.close()
    assert 'href="incidents/a0001.html"' in (settings.home / "reports" / "toy" / "index.html").read_text()


def test_an_alert_that_is_not_there_is_refused(settings: Settings) -> None:
    with pytest.raises(UnderstudyError, match="no alert a0009"):
        act_on_an_alert.fn("toy", "a0009")
    assert not (settings.home / "reports").exists()
