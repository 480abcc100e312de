"""Who is in DVC's graph, and since when."""

from pathlib import Path

import pytest
import yaml

from pipelines.running.graph import in_graph
from understudy.errors import SpecError
from understudy.settings import Settings

pytestmark = pytest.mark.unit

BANK, OWN = {"source": "problems/bank"}, {"source": "own rows.csv"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    configs = tmp_path / "configs"
    configs.mkdir()
    problems = {"flights": {"source": "problems/flights"}, "bank": BANK, "own": OWN}
    (configs / "problems.yaml").write_text(yaml.safe_dump({"problems": problems}))
    (configs / "pipeline.yaml").write_text("pipeline:\n  flights: {source: problems/flights}\n")
    return Settings(root=tmp_path, home=tmp_path / "var")


def joined(settings: Settings) -> object:
    path = settings.root / "params.yaml"
    return yaml.safe_load(path.read_text()) if path.exists() else None


def fail(settings: Settings, problem: str) -> None:
    with in_graph(settings, problem):
        raise KeyboardInterrupt


def test_one_that_is_there_from_the_start_needs_no_file(settings: Settings) -> None:
    with in_graph(settings, "flights"):
        assert joined(settings) is None


def test_others_join_and_stay(settings: Settings) -> None:
    with in_graph(settings, "own"):
        assert joined(settings) == {"pipeline": {"own": OWN}}
    with in_graph(settings, "bank"):
        pass
    assert joined(settings) == {"pipeline": {"bank": BANK, "own": OWN}}
    assert (settings.root / "params.yaml").read_text().startswith("# Problems that were trained here")


def test_one_that_nobody_declares_does_not(settings: Settings) -> None:
    with in_graph(settings, "bikes"):
        assert joined(settings) is None


def test_a_first_failure_without_a_result_takes_it_out(settings: Settings) -> None:
    with pytest.raises(KeyboardInterrupt):
        fail(settings, "bank")
    assert joined(settings) is None


@pytest.mark.parametrize("lock", ["stages: {ingest@bank: {}}", None])
def test_a_failure_after_a_result_does_not(settings: Settings, lock: str | None) -> None:
    if lock:
        (settings.root / "dvc.lock").write_text(lock)
    else:
        with in_graph(settings, "bank"):
            pass
    with pytest.raises(KeyboardInterrupt):
        fail(settings, "bank")
    assert joined(settings) == {"pipeline": {"bank": BANK}}


def test_it_follows_the_other_lists_and_keeps_what_is_not_its_own(settings: Settings) -> None:
    stale = {"pipeline": {"flights": OWN, "gone": OWN, "bank": OWN}, "theirs": [1]}
    (settings.root / "params.yaml").write_text(yaml.safe_dump(stale))
    with in_graph(settings, "bank"):
        assert joined(settings) == {"pipeline": {"bank": BANK}, "theirs": [1]}


def test_a_list_that_cannot_be_read_is_named(settings: Settings) -> None:
    (settings.root / "params.yaml").write_text("pipeline: [")
    with pytest.raises(SpecError, match=r"params\.yaml cannot be read"):
        fail(settings, "bank")
