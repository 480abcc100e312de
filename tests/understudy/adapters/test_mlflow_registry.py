"""The registry on a real MLflow store: the life of versions, from registration to retirement."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from small_bundle import a_bundle, verdict_on

from understudy.adapters import open_registry
from understudy.adapters.mlflow_registry import MlflowRegistry
from understudy.bundle import Bundle
from understudy.errors import RegistryError
from understudy.settings import Settings

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow"),
    pytest.mark.filterwarnings("ignore::FutureWarning:mlflow"),
]


def test_nothing_is_created_by_asking(tmp_path: Path) -> None:
    registry = open_registry(Settings(root=tmp_path, home=tmp_path / "var"))
    assert registry.versions("toy") == ()
    assert registry.problems() == ()
    assert registry.champion("toy") is None
    assert registry.find(a_bundle(tmp_path / "bundle")) is None
    assert not (tmp_path / "var").exists()


def test_life_of_two_versions(registry: MlflowRegistry, tmp_path: Path) -> None:
    first = a_bundle(tmp_path / "first")
    one = registry.register(first, verdict_on(first.digest))
    assert (one.number, one.stage, one.approval.state, one.aliases) == (1, "development", "pending", ())
    assert one.metrics == {"roc_auc": 0.8}
    assert one.lineage == first.manifest.lineage
    assert one.verdict == verdict_on(first.digest)
    assert registry.register(first, verdict_on(first.digest)) == one
    assert registry.problems() == ("toy",)

    with pytest.raises(RegistryError, match="is pending"):
        registry.promote("toy", 1)
    assert registry.decide("toy", 1, "approved", "ada", "looks right").stage == "staging"
    promoted = registry.promote("toy", 1)
    assert (promoted.stage, promoted.champion) == ("production", True)
    assert (promoted.approval.by, promoted.approval.why) == ("ada", "looks right")

    as_of = first.manifest.lineage.model_copy(update={"as_of": datetime(2024, 3, 1, 12)})
    second = a_bundle(tmp_path / "second", title="Toy, again", lineage=as_of)
    two = registry.register(second, verdict_on(second.digest, champion=1))
    assert (two.number, two.lineage) == (2, as_of)
    assert two.verdict.champion == 1
    registry.decide("toy", 2, "approved", "ada", "better")
    registry.promote("toy", 2)
    newest, oldest = registry.versions("toy")
    assert (newest.number, newest.aliases, newest.stage) == (2, ("champion",), "production")
    assert (oldest.number, oldest.aliases, oldest.stage) == (1, ("previous",), "archived")
    with pytest.raises(RegistryError, match="is the champion"):
        registry.decide("toy", 2, "rejected", "ada", "changed my mind")

    registry.promote("toy", 1)
    assert registry.champion("toy") == registry.version("toy", 1)
    assert registry.version("toy", 2).aliases == ("previous",)
    assert registry.version("toy", 2).stage == "archived"

    fetched = Bundle.load(registry.fetch("toy", 2, tmp_path / "fetched"))
    assert fetched.digest == second.digest


def test_unknown_version_lists_those_there_are(registry: MlflowRegistry, tmp_path: Path) -> None:
    bundle = a_bundle(tmp_path / "bundle")
    registry.register(bundle, verdict_on(bundle.digest))
    with pytest.raises(RegistryError, match=r"no version 7 of toy.*Its versions: 1"):
        registry.version("toy", 7)


def test_rejected_version_is_archived(registry: MlflowRegistry, tmp_path: Path) -> None:
    bundle = a_bundle(tmp_path / "bundle")
    registry.register(bundle, verdict_on(bundle.digest, "rejected"))
    rejected = registry.decide("toy", 1, "rejected", "gate", "Failed: roc_auc.")
    assert (rejected.stage, rejected.approval.state, rejected.approval.by) == ("archived", "rejected", "gate")
    assert registry.champion("toy") is None


def test_verdict_on_another_bundle_is_refused(registry: MlflowRegistry, tmp_path: Path) -> None:
    bundle = a_bundle(tmp_path / "bundle")
    with pytest.raises(RegistryError, match="about another bundle"):
        registry.register(bundle, verdict_on("0" * 64))
    assert registry.versions("toy") == ()


def test_altered_bundle_in_the_store_is_not_handed_out(
    registry: MlflowRegistry, settings: Settings, tmp_path: Path
) -> None:
    bundle = a_bundle(tmp_path / "bundle")
    registry.register(bundle, verdict_on(bundle.digest))
    [inside] = (settings.home / "mlflow" / "artifacts").rglob("bundle/manifest.json")
    values = json.loads(inside.read_text())
    inside.write_text(json.dumps({**values, "threshold": 0.01}))
    with pytest.raises(RegistryError, match="not the one that was registered"):
        registry.fetch("toy", 1, tmp_path / "fetched")


def test_aliases_are_pointed_and_taken_away(registry: MlflowRegistry, tmp_path: Path) -> None:
    for number in (1, 2):
        bundle = a_bundle(tmp_path / str(number), title=f"Toy {number}")
        registry.register(bundle, verdict_on(bundle.digest))
    for number in (1, 1, 2):
        registry.point("toy", "challenger", number)
    registry.point("toy", "previous", 1)
    assert [version.aliases for version in registry.versions("toy")] == [("challenger",), ("previous",)]
    for _ in range(2):
        registry.point("toy", "challenger", None)
    assert [version.aliases for version in registry.versions("toy")] == [(), ("previous",)]
    with pytest.raises(RegistryError, match="no version 7 of toy"):
        registry.point("toy", "challenger", 7)
