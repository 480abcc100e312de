"""Scoring a file from the command line: which bundle, what it says, what a kill leaves."""

import signal
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fake_deployment_log import FakeDeploymentLog
from fake_registry import FakeRegistry
from small_bundle import a_bundle, expected_score, verdict_on, write_small_bundle
from workspace import PATIENCE, Workspace

from cli import score as module
from understudy import adapters
from understudy.adapters.bundle_folder import FolderBundles
from understudy.bundle import Bundle
from understudy.bundle.manifest import FeatureCode
from understudy.errors import BundleError, RegistryError
from understudy.features.code import code_hash
from understudy.problem import load_problem
from understudy.records import Deployment
from understudy.records.deployment import Arm
from understudy.settings import Settings


def write_requests(path: Path, rows: int) -> pa.Table:
    draw = np.random.default_rng(5)
    table = pa.table(
        {
            "id": np.arange(rows),
            "size": pa.array(draw.normal(size=rows), mask=draw.random(rows) < 0.05),
            "weight": draw.normal(size=rows),
            "town": draw.choice(["north", "south"], rows),
        }
    )
    pq.write_table(table, path)
    return table


@pytest.fixture
def scored(workspace: Workspace) -> tuple[str, ...]:
    """The command that scores ``x.parquet`` by a bundle for the problem ``toy``."""
    spec = load_problem(workspace.root / "configs" / "problems", "toy")
    features = FeatureCode(functions=None, views=(), code_hash=code_hash(spec, workspace.root))
    write_small_bundle(workspace.root / "bundle", features=features)
    return ("score", "--problem", "toy", "--input", "x.parquet", "--output", "y.parquet", "--bundle", "bundle")


@pytest.mark.e2e
def test_a_file_is_scored(workspace: Workspace, scored: tuple[str, ...]) -> None:
    asked = write_requests(workspace.root / "x.parquet", 1_000)
    value = workspace.json(*scored)
    table = pq.read_table(workspace.root / "y.parquet")
    assert table["id"].equals(asked["id"])
    by_hand = [
        expected_score(np.nan if row["size"] is None else row["size"], row["weight"], row["town"])
        for row in asked.to_pylist()
    ]
    np.testing.assert_allclose(table["score"].to_numpy(), by_hand, atol=1e-6)
    assert table["version"].null_count == 1_000
    assert (value["problem"], value["version"], value["rows"], value["parts_kept"]) == ("toy", None, 1_000, 0)
    assert value["missing"] == {"size": asked["size"].null_count}
    assert value["positive"] == int((table["score"].to_numpy() >= 0.4).sum())
    people = workspace.run(*scored)
    assert "1,000 rows scored by the bundle" in people.stdout
    assert "score: done in" in people.stdout
    assert sorted(path.name for path in workspace.root.glob("*.parquet*")) == ["x.parquet", "y.parquet"]


@pytest.mark.e2e
def test_what_is_wrong_with_a_file_is_said_and_nothing_is_written(
    workspace: Workspace, scored: tuple[str, ...]
) -> None:
    path = workspace.root / "x.parquet"
    assert "There is no file" in workspace.json(*scored, code=1)["error"]["what"]
    table = write_requests(path, 50)
    pq.write_table(table.drop_columns(["town"]), path)
    assert workspace.json(*scored, code=1)["error"] == {
        "code": "data",
        "what": "x.parquet lacks the column town.",
        "fix": "toy needs id, size, town, weight; other columns are left aside.",
        "stage": None,
    }
    path.write_bytes(b"")
    assert "x.parquet cannot be read" in workspace.json(*scored, code=1)["error"]["what"]
    assert list(workspace.root.glob("y.parquet*")) == []


@pytest.mark.e2e
def test_a_killed_run_goes_on(workspace: Workspace, scored: tuple[str, ...]) -> None:
    write_requests(workspace.root / "x.parquet", 600_000)
    partial = workspace.root / "y.parquet.partial"
    with workspace.start(*scored, UNDERSTUDY_THREADS="1") as process:
        deadline = time.monotonic() + PATIENCE
        while len(list(partial.glob("part-*.parquet"))) < 3:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
    assert not (workspace.root / "y.parquet").exists()
    there = len(list(partial.glob("part-*.parquet")))
    value = workspace.json(*scored)
    assert (value["parts"], value["parts_kept"]) == (12, there)
    assert 3 <= there < 12
    first = (workspace.root / "y.parquet").read_bytes()
    assert workspace.json(*scored)["parts_kept"] == 0
    assert (workspace.root / "y.parquet").read_bytes() == first


class Stores:
    """A registry with versions 1 and 2 of ``toy``, version 1 champion; a deployment log; a bundle store."""

    def __init__(self, folder: Path) -> None:
        self.bundles = [a_bundle(folder / title, title=title) for title in ("first", "second")]
        self.registry, self.log = FakeRegistry(), FakeDeploymentLog()
        self.store = FolderBundles(folder / "store")
        for bundle in self.bundles:
            self.registry.register(bundle, verdict_on(bundle.digest))
        self.registry.decide("toy", 1, "approved", "ann", "good")
        self.registry.promote("toy", 1)

    def deploy(self, number: int) -> None:
        bundle = self.bundles[number - 1]
        self.store.publish(bundle)
        champion = Arm(name="champion", version=number, digest=bundle.digest, weight=1.0)
        self.log.append(
            Deployment(
                problem="toy", revision=1, mode="single", arms=(champion,), change="deploy", who="ann", why="because",
                at=datetime(2026, 1, 1),
            )
        )  # fmt: skip


@pytest.fixture
def stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stores:
    stores = Stores(tmp_path)
    monkeypatch.setattr(adapters, "open_registry", lambda _: stores.registry)
    monkeypatch.setattr(adapters, "open_deployment_log", lambda _: stores.log)
    monkeypatch.setattr(adapters, "open_bundle_store", lambda _: stores.store)
    return stores


def chosen(version: str | None = None, folder: Path | None = None) -> tuple[Bundle, Any]:
    with module._chosen(Settings(), "toy", version, folder) as (bundle, number):
        return bundle, number


@pytest.mark.integration
def test_what_serves_is_what_scores(stores: Stores) -> None:
    bundle, number = chosen()
    assert (bundle.digest, number) == (stores.bundles[0].digest, 1)
    stores.deploy(2)
    bundle, number = chosen()
    assert (bundle.digest, number) == (stores.bundles[1].digest, 2)


@pytest.mark.integration
@pytest.mark.parametrize(("name", "number"), [("toy/2", 2), ("2", 2), ("toy@champion", 1)])
def test_a_version_by_its_name(stores: Stores, name: str, number: int) -> None:
    stores.deploy(2)
    bundle, found = chosen(name)
    assert (bundle.digest, found) == (stores.bundles[number - 1].digest, number)


@pytest.mark.integration
def test_a_bundle_from_a_folder_has_no_version(stores: Stores) -> None:
    bundle, number = chosen(folder=stores.bundles[1].folder)
    assert (bundle.digest, number) == (stores.bundles[1].digest, None)
    with pytest.raises(BundleError, match="both say what to score with"):
        chosen("toy/1", stores.bundles[1].folder)
    with pytest.raises(RegistryError, match="no version 9"):
        chosen("toy/9")
