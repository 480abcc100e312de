"""A whole retraining over real stages, on a small world that turns: what was seen, who passes, what is left behind."""

import csv
import os
import pickle
import random
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from fake_registry import FakeRegistry
from workspace import Workspace

from pipelines import training
from pipelines.register import Registration
from pipelines.retrain import RetrainResult, retrain, retraining
from pipelines.running.dag import Dag
from pipelines.running.display import Silent
from pipelines.training import train
from pipelines.write_path import Run
from understudy.errors import DataError
from understudy.records import Arm, Deployment
from understudy.settings import Settings

pytestmark = [
    pytest.mark.integration,
    # DVC 3.67 asks pygtrie for an attribute that is on its way out.
    pytest.mark.filterwarnings("ignore:_NoneStep.value will soon:DeprecationWarning"),
]

START, TURN = datetime(2024, 1, 1), datetime(2024, 2, 1)
"""Until the turn large parcels are bought, from then on small ones."""
CALM, LATER = TURN, datetime(2024, 2, 25)

PROBLEM = """
name: toy
title: Sold?
task: binary
seed: 7
source: {path: problems/toy.csv}
positive: "yes"
main: rows
tables:
  rows:
    columns:
      id: {kind: number, role: id, unique: true}
      at: {kind: time, role: event_time}
      known: {kind: time, role: label_time}
      size: {kind: number}
      weight: {kind: number}
      answer: {kind: category, role: target, known_at: known}
features: {}
split:
  method: time
  until: {train: "2024-01-18", calibration: "2024-01-22", validation: "2024-01-27", test: "2024-02-01"}
probes: {single_feature_auc: 0.95}
candidates:
  - {name: majority, estimator: sklearn.dummy.DummyClassifier, family: baseline, fixed: {strategy: prior}}
  - {name: logistic, estimator: sklearn.linear_model.LogisticRegression, family: linear, scale: true}
tuning: {folds: 2, imbalance: [none], drop_one: false}
training: {}
costs: {false_negative: 1.0}
evaluation: {bootstrap: 50, explain_rows: 20, smallest_segment: 40}
gates: {calibration_error: 0.3, row_milliseconds: null}
fast: {}
monitoring:
  retraining: {train: 12d, calibration: 3d, validation: 3d, test: 4d}
"""


def write_world(root: Path, until: datetime) -> None:
    """A parcel an hour, whose outcome is known five hours later."""
    draw, at = random.Random(7), START  # noqa: S311
    with (root / "problems" / "toy.csv").open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow(["id", "at", "known", "size", "weight", "answer"])
        number = 0
        while at < until:
            size, weight, noise = (draw.gauss(0, 1) for _ in range(3))
            sold = (size if at < TURN else -size) + weight / 2 + noise > 0
            known = at + timedelta(hours=5)
            table.writerow([number, at.isoformat(), known.isoformat(), size, weight, "yes" if sold else "no"])
            number, at = number + 1, at + timedelta(hours=1)


def plainly(run: Run) -> Registration:
    """The steps without Prefect, whose database takes its time to build and is not what is tried here."""
    for node in run.dag.nodes:
        run.stage(node)
    return run.register(run.gate())


class World:
    """A project with its first champion, the model of January."""

    def __init__(self, root: Path) -> None:
        self.root, self.registry = root, FakeRegistry()
        self.settings = Settings(root=root, home=root / "var", threads=1)

    def begin(self) -> None:
        (self.root / "configs" / "problems" / "toy.yaml").write_text(PROBLEM, encoding="utf-8")
        write_world(self.root, LATER)
        first = train(self.settings, "toy", lambda: self.registry, Silent(), "fast").registration
        assert first.champion, first.gates

    def again(self, as_of: datetime, deployed: Deployment | None = None) -> RetrainResult:
        return retrain(self.settings, "toy", as_of, lambda: self.registry, profile="fast", deployment=lambda: deployed)

    def edit(self, old: str, new: str) -> None:
        path = self.root / "configs" / "problems" / "toy.yaml"
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")

    def dvc(self) -> frozenset[str]:
        return Dag(self.root, "toy").stale()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first test leaves a copy of its world as it was at the beginning."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def world(workspace: Workspace, kept: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(retraining, "ordered", plainly)
    monkeypatch.setattr(training, "ordered", plainly)
    made = World(workspace.root)
    if not (kept / "root").exists():
        made.begin()
        shutil.copytree(made.root, kept / "root")
        shutil.copytree(made.registry.store, kept / "store")
        (kept / "versions.pickle").write_bytes(pickle.dumps(made.registry.kept))
        return made
    shutil.rmtree(made.root)
    shutil.copytree(kept / "root", made.root)
    shutil.copytree(kept / "store", made.registry.store, dirs_exist_ok=True)
    made.registry.kept = pickle.loads((kept / "versions.pickle").read_bytes())  # noqa: S301
    return made


def test_a_world_that_turned_is_learned_again_from_what_was_known(world: World) -> None:
    world.edit("gates: {", "gates: {roc_auc: 0.999, ")
    stale = world.dvc()
    done = world.again(LATER)

    found = {check.name: check for check in done.gates}
    assert (done.decision, done.version.number, done.unchanged) == ("accepted", 2, False), done.version.verdict.failed
    assert found["better_than_champion_brier"].verdict == found["better_than_champion_cost"].verdict == "pass"
    assert found["roc_auc"].verdict == "skipped"
    assert done.metrics["test"]["roc_auc"]["value"] > 0.7
    assert done.version.lineage.as_of == done.as_of == LATER
    card = (done.registration.bundle / "card.md").read_text(encoding="utf-8")
    assert "on what was known on 2024-02-25 00:00:00 (UTC)" in card
    assert world.dvc() == stale

    folder = done.registration.bundle.parent
    assert folder == world.settings.home / "retrain" / "toy" / "2024-02-25T000000-fast"
    test = pq.read_table(folder / "split" / "test.parquet")
    assert pc.max(test["known"]).as_py() <= LATER
    assert pc.min(test["at"]).as_py() == LATER - timedelta(days=4)
    for path in (folder / "split" / "train.parquet", folder / "validate" / "rows.parquet"):
        assert pc.max(pq.read_table(path)["at"]).as_py() < LATER
    assert pc.min(pq.read_table(folder / "split" / "train.parquet")["at"]).as_py() == LATER - timedelta(days=22)


def test_the_same_moment_is_the_same_version_after_a_kill_and_when_data_grows(world: World) -> None:
    first = world.again(LATER)
    again = world.again(LATER)
    assert (again.version.number, again.unchanged) == (first.version.number, True)
    assert {stage.state for stage in again.stages} == {"unchanged"}

    folder = first.registration.bundle.parent
    (folder / "made_from.json").unlink()
    shutil.rmtree(folder / "evaluate")
    write_world(world.root, LATER + timedelta(days=3))
    grown = world.again(LATER)
    assert (grown.version, grown.unchanged) == (first.version, False)
    states = {stage.name: stage.state for stage in grown.stages}
    assert (states["ingest"], states["split"], states["gate"]) == ("done", "done", "unchanged")
    assert len(world.registry.versions("toy")) == 2


def test_folders_of_older_retrainings_go(world: World) -> None:
    older = [world.settings.home / "retrain" / "toy" / f"2023-01-0{day}T000000-fast" for day in range(1, 8)]
    for age, folder in enumerate(older):
        folder.mkdir(parents=True)
        os.utime(folder, (age, age))
    done = world.again(LATER)
    left = {folder.name for folder in older[0].parent.iterdir()}
    assert left == {*(folder.name for folder in older[-4:]), done.registration.bundle.parent.name}


def test_where_nothing_has_turned_the_gate_refuses(world: World) -> None:
    done = world.again(CALM)
    failed = [check.name for check in done.version.verdict.failed]
    assert (done.decision, done.version.approval.state) == ("rejected", "rejected")
    assert set(failed) >= {"better_than_champion_brier", "better_than_champion_cost"}
    champion = world.registry.champion("toy")
    assert champion is not None
    assert champion.number == 1


def test_the_champion_is_judged_as_it_is_deployed(world: World) -> None:
    champion = world.registry.champion("toy")
    assert champion is not None
    arm = Arm(name="champion", version=1, digest=champion.digest, weight=1.0, threshold=1.0)
    deployed = Deployment(
        problem="toy", revision=2, mode="single", arms=(arm,), change="threshold", who="ann", why="a try", at=LATER
    )
    found = {check.name: check for check in world.again(CALM, deployed).gates}
    assert (found["not_worse_than_champion"].figure or 0) < -0.3, "a champion that flags nobody misses every positive"


def test_a_moment_before_all_data_and_a_stage_that_fails_are_named(world: World) -> None:
    with pytest.raises(DataError, match=r"toy has no row before 2023-01-01 00:00:00") as refused:
        world.again(datetime(2023, 1, 1))
    assert refused.value.stage == ""
    with pytest.raises(DataError, match="The part train of the split is empty"):
        world.again(START + timedelta(days=9))
