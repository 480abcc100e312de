"""A fast run's record of what it was made from: any change shows, and so does damage."""

from collections.abc import Callable
from pathlib import Path

import pytest
from workspace import Workspace

from pipelines.bundle.lineage import environment_lock
from pipelines.job import SHARED_STAGES, Job
from pipelines.running import made_from
from pipelines.running.dag import Dag
from pipelines.running.made_from import MadeFrom
from understudy.errors import BundleError
from understudy.problem import load_problem
from understudy.settings import Settings

pytestmark = [
    pytest.mark.integration,
    # DVC asks pygtrie by a name that is going away.
    pytest.mark.filterwarnings("ignore:_NoneStep.value will soon:DeprecationWarning"),
]


class AnyBundle:
    """Whole while its one file is there."""

    digest = "d"

    @classmethod
    def load(cls, folder: Path) -> "AnyBundle":
        if not (folder / "model.onnx").exists():
            raise BundleError(f"{folder} is broken.", "Mend it.")
        return cls()


@pytest.fixture
def ask(toy: Workspace, monkeypatch: pytest.MonkeyPatch) -> Callable[[], MadeFrom]:
    """Asks anew, as the next run would, in a project whose shared stages have run."""
    monkeypatch.setattr(made_from, "Bundle", AnyBundle)
    for stage in SHARED_STAGES:
        folder = toy.root / "data" / "toy" / stage
        folder.mkdir(parents=True)
        (folder / "rows.parquet").write_text(stage)
    settings = Settings(root=toy.root, home=toy.home)

    def build() -> MadeFrom:
        job = Job(load_problem(settings.problems, "toy"), settings, "fast")
        return MadeFrom(job, Dag(toy.root, "toy"))

    return build


def edited(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text((path.read_text() if path.exists() else "") + "# an edit\n")


def test_every_change_shows(ask: Callable[[], MadeFrom], toy: Workspace) -> None:
    bundle = toy.home / "fast" / "toy" / "bundle"
    bundle.mkdir(parents=True)
    (bundle / "model.onnx").touch()

    def is_made_anew() -> bool:
        known = ask()
        stood = known.stands()
        known.remember()
        return not stood

    assert is_made_anew()
    assert not is_made_anew()
    for path in (
        "data/toy/split/rows.parquet",
        "pipelines/tune/search.py",
        "understudy/statistics/metrics.py",
        "configs/problems/toy.yaml",
        str(environment_lock()),
    ):
        edited(toy.root / path)
        assert is_made_anew(), path
        assert not is_made_anew(), path
    (bundle / "model.onnx").unlink()
    assert is_made_anew()


def test_the_record_goes_before_what_it_speaks_of(ask: Callable[[], MadeFrom], toy: Workspace) -> None:
    record = toy.home / "fast" / "toy" / "made_from.json"
    known = ask()
    known.stands()
    known.remember()
    assert record.exists()
    edited(toy.root / "pipelines" / "tune" / "search.py")
    assert not ask().stands()
    assert not record.exists()


def test_an_edit_in_the_middle_is_a_change(ask: Callable[[], MadeFrom], toy: Workspace) -> None:
    known = ask()
    known.stands()
    edited(toy.root / "pipelines" / "train" / "stage.py")
    known.remember()
    assert not ask().stands()
