"""What the doctor finds."""

import socket
from pathlib import Path

import pytest

from cli import checks
from understudy.settings import TELEMETRY_OFF, Settings

pytestmark = pytest.mark.unit


def test_packages_are_compared_with_the_known_working_set() -> None:
    missing, wrong, summary = checks.packages(
        ["nosuch-package>=1", "rich<1", "typer>=0", "alsomissing; extra == 'dev'", "pytest>=1; extra == 'pipelines'"]
    )
    assert (missing.name, missing.state, missing.found) == ("nosuch-package", "fail", "not installed")
    assert (wrong.name, wrong.state) == ("rich", "fail")
    assert "rich<1" in wrong.fix
    assert summary.found == "4 compared with the known working set"


def test_this_environment_is_the_known_working_set() -> None:
    assert [finding for finding in checks.packages() if finding.state == "fail"] == []
    assert checks.python().state == "ok"


def test_a_port_in_use_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        monkeypatch.setattr(checks, "PORTS", {holder.getsockname()[1]: "a test"})
        (found,) = checks.ports()
    assert (found.state, found.found) == ("warn", "in use")
    (found,) = checks.ports()
    assert found.state == "ok"


def test_telemetry_that_someone_switched_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, off in TELEMETRY_OFF.items():
        monkeypatch.setenv(name, off)
    assert [finding.state for finding in checks.telemetry()] == ["ok"]
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "false")
    (found,) = checks.telemetry()
    assert (found.state, found.fix) == ("warn", "Set MLFLOW_DISABLE_TELEMETRY=true.")


def test_disk_git_and_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(root=tmp_path, threads=10_000)
    assert checks.git(settings).state == "warn"
    assert checks.threads(settings).state == "warn"
    assert checks.threads(Settings(root=tmp_path, threads=1)).state == "ok"
    monkeypatch.setattr(checks, "ENOUGH_FREE", 1e9)
    assert checks.disk(settings).state == "warn"
    monkeypatch.setattr(checks, "LEAST_FREE", 1e8)
    assert checks.disk(settings).state == "fail"


def test_a_problem_whose_data_is_missing(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "problems.yaml").write_text("problems:\n  ghost: {source: problems/ghost}\n")
    (found,) = checks.problems(Settings(root=tmp_path))
    assert (found.name, found.state) == ("data of ghost", "fail")
    assert "no problem called 'ghost'" in found.found
