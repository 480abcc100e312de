import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from understudy.errors import MachineError
from understudy.settings import TELEMETRY_OFF, Settings, find_root, load_settings, silence_telemetry

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("UNDERSTUDY_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "configs" / "problems").mkdir(parents=True)
    (tmp_path / "dvc.yaml").touch()
    return tmp_path


def test_root_is_found_from_a_folder_below(project: Path) -> None:
    below = project / "configs" / "problems"
    assert find_root(below) == project
    settings = load_settings(below)
    assert settings.root == project
    assert settings.home == project / "var"
    assert settings.data == project / "data"
    assert settings.problems == below


def test_no_project_names_the_folder_and_the_fix(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match=str(tmp_path)) as caught:
        load_settings(tmp_path)
    assert "UNDERSTUDY_ROOT" in caught.value.fix


def test_home_moves_with_the_variable(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDERSTUDY_HOME", "elsewhere")
    assert load_settings(project).home == project / "elsewhere"
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "absolute"))
    assert load_settings(project).home == tmp_path / "absolute"


def test_root_is_taken_from_the_variable(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDERSTUDY_ROOT", str(project))
    assert load_settings(Path("/")).root == project


def test_registry_is_a_file_below_home_unless_set(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings(project).registry_uri == f"sqlite:///{project}/var/mlflow/mlflow.db"
    monkeypatch.setenv("UNDERSTUDY_REGISTRY", "http://registry:5000")
    assert load_settings(project).registry_uri == "http://registry:5000"


def test_values_are_checked_and_frozen(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load_settings(project).threads = 8  # type: ignore[misc]
    monkeypatch.setenv("UNDERSTUDY_APPROVAL", "perhaps")
    with pytest.raises(ValidationError, match="approval"):
        Settings()


def test_telemetry_is_off_but_a_choice_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in TELEMETRY_OFF:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DO_NOT_TRACK", "0")
    silence_telemetry()
    assert {name: os.environ[name] for name in TELEMETRY_OFF} == TELEMETRY_OFF | {"DO_NOT_TRACK": "0"}
