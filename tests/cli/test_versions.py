"""Listing versions, showing one, and deciding on one."""

from pathlib import Path

import pytest
from fake_registry import FakeRegistry
from small_bundle import a_bundle, verdict_on
from typer.testing import CliRunner
from workspace import Workspace

from cli import versions
from cli.main import app
from cli.versions import flaw
from understudy.settings import Settings

HASH = "0123456789abcdef" * 4


@pytest.fixture
def registry(tmp_path: Path) -> FakeRegistry:
    """Version 1 of ``toy``."""
    bundle, registry = a_bundle(tmp_path / "bundle"), FakeRegistry()
    registry.register(bundle, verdict_on(bundle.digest))
    return registry


@pytest.mark.integration
def test_a_bundle_as_it_was_registered_has_no_flaw(registry: FakeRegistry) -> None:
    assert flaw(registry, registry.version("toy", 1)) == ""


@pytest.mark.integration
def test_the_flaw_of_a_stored_bundle_is_named(registry: FakeRegistry, tmp_path: Path) -> None:
    version, stored = registry.version("toy", 1), registry.store / "toy-1"
    other = a_bundle(tmp_path / "other", title="Another")
    assert flaw(registry, version.model_copy(update={"digest": other.digest})) == (
        "Its digest is not the one that was registered."
    )
    card = (stored / "card.md").read_bytes()
    (stored / "card.md").write_bytes(card[::-1])
    assert flaw(registry, version) == (
        "The bundle is refused: the content of card.md is not what the manifest says (SHA-256 differs)."
    )
    (stored / "card.md").unlink()
    assert flaw(registry, version) == "The bundle is refused: card.md is missing."


@pytest.mark.integration
@pytest.mark.parametrize("altered", [False, True])
def test_a_version_is_shown_with_whole_hashes_on_80_columns(
    registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch, altered: bool
) -> None:
    lineage = registry.version("toy", 1).lineage.model_copy(update={"config_hash": HASH, "lock_hash": HASH[::-1]})
    verdict = registry.version("toy", 1).verdict
    check = verdict.checks[0].model_copy(update={"name": "beats_a_rule_of_a_name_of_some_length_roc_auc"})
    verdict = verdict.model_copy(update={"checks": (check,)})
    registry.kept["toy", 1] = registry.version("toy", 1).model_copy(update={"lineage": lineage, "verdict": verdict})
    if altered:
        (registry.store / "toy-1" / "model.onnx").write_bytes(b"another model")
    monkeypatch.setattr(versions, "prepare", Settings)
    monkeypatch.setattr(versions, "_registry", lambda _: registry)
    done = CliRunner().invoke(app, ["show", "1"], env={"COLUMNS": "80"})
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    unfolded = "".join(line.strip() for line in lines)
    assert max(map(len, lines)) <= 80
    assert "…" not in done.stdout
    for whole in (registry.version("toy", 1).digest, HASH, HASH[::-1]):
        assert whole in unfolded
    assert ("not verified: The bundle is refused: model.onnx has 13 bytes" in done.stdout) == altered
    assert ("verified: every file is what the manifest says" in done.stdout) != altered
    assert done.exit_code == (1 if altered else 0)


@pytest.mark.e2e
def test_versions_are_listed_shown_and_rejected(trained_toy: Workspace) -> None:
    listed = trained_toy.json("models", "--problem", "toy")
    assert [(row["problem"], row["number"], row["champion"]) for row in listed] == [("toy", 1, True)]
    assert trained_toy.json("models", "--problem", "other") == []
    shown = trained_toy.json("show", "1")
    assert shown == {**listed[0], "stored": {"verified": True, "wrong": ""}}
    assert shown["verdict"]["checks"][0]["name"] == "toy"
    people = trained_toy.run("show", "toy@champion").stdout
    assert "toy/1 champion" in people
    error = trained_toy.json("models", "--problem", "nope", code=1)["error"]
    assert error["code"] == "spec"
    assert "'nope'" in error["what"]
    assert "toy, other" in error["fix"]
    assert "A toy's reason." in people
    assert trained_toy.json("show", "9", code=1)["error"]["code"] == "registry"
    refused = trained_toy.json("reject", "1", "--why", "a mistake", "--by", "ann")
    assert refused["approval"] == {"state": "rejected", "by": "ann", "why": "a mistake"}


@pytest.mark.e2e
def test_before_any_training_there_are_no_versions(toy: Workspace) -> None:
    assert toy.json("models") == []
    assert "No versions yet" in toy.run("models").stdout
    assert "`understudy train --problem toy`" in toy.run("models", "--problem", "toy").stdout
    assert not Path(toy.home / "mlflow").exists()
