"""What a run says of a failure that no library names."""

from collections import namedtuple
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipelines import training
from pipelines.running.display import Silent
from understudy.errors import DataError, MachineError, StageError, UnderstudyError

pytestmark = pytest.mark.unit

PROBLEMS = Path(__file__).resolve().parents[2] / "configs" / "problems"
Usage = namedtuple("Usage", ["total", "used", "free"])


@pytest.mark.parametrize(
    ("free", "kind", "words"),
    [
        (training.NO_ROOM - 1, MachineError, "probe stopped: no space is left on the disk of home"),
        (training.NO_ROOM, StageError, "probe stopped: RuntimeError: error 500"),
    ],
)
def test_a_failure_on_a_full_disk_is_told_as_that(
    monkeypatch: pytest.MonkeyPatch, free: int, kind: type[UnderstudyError], words: str
) -> None:
    monkeypatch.setattr(training.shutil, "disk_usage", lambda _: Usage(10**9, 10**9 - free, free))
    run: Any = SimpleNamespace(current="probe", job=SimpleNamespace(settings=SimpleNamespace(home=Path("home"))))
    with pytest.raises(kind, match=words) as caught, training._naming_the_step(run):
        raise RuntimeError("error 500")
    assert caught.value.stage == "probe"


def test_a_data_package_that_was_altered_stops_a_run_that_would_not_have_read_it(tmp_path: Path) -> None:
    text = (PROBLEMS / "bank.yaml").read_text(encoding="utf-8")
    (tmp_path / "bank.yaml").write_text(text.replace("sha256: 455e", "sha256: 0000"), encoding="utf-8")
    settings: Any = SimpleNamespace(problems=tmp_path, home=tmp_path / "var")

    def nothing() -> Any:
        raise AssertionError("nothing is reached for")

    with pytest.raises(DataError, match="is not the file that the problem pins"):
        training.train(settings, "bank", nothing, Silent())
    assert not (tmp_path / "var").exists()
