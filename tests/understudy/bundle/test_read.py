"""Opening bundles: whole ones, and every way in which one can be broken."""

import json
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from small_bundle import expected_score, write_small_bundle

from understudy.bundle import FILES, MANIFEST, MODEL, Bundle, Manifest
from understudy.errors import BundleError

pytestmark = pytest.mark.unit


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_small_bundle(tmp_path / "bundle")


def test_whole_bundle_opens(folder: Path) -> None:
    bundle = Bundle.load(folder)
    assert bundle.manifest.problem == "toy"
    assert bundle.size == sum((folder / name).stat().st_size for name in FILES)
    assert len(bundle.digest) == 64
    assert Bundle.load(folder).digest == bundle.digest


def test_a_moment_is_part_of_what_names_a_bundle_and_none_changes_no_name(folder: Path, tmp_path: Path) -> None:
    plain = Bundle.load(folder).manifest
    retrained = plain.lineage.model_copy(update={"as_of": datetime(2024, 3, 1)})
    again = Bundle.load(write_small_bundle(tmp_path / "again", lineage=retrained)).manifest
    assert again.digest != plain.digest
    values = json.loads((folder / MANIFEST).read_text())
    assert values["lineage"].pop("as_of") is None
    assert Manifest.model_validate(values).digest == plain.digest


def test_columns_are_scored_in_any_order(folder: Path) -> None:
    columns = {"town": ["north", ""], "extra": [1, 2], "weight": [0.5, None], "size": [1, 2]}
    scores = Bundle.load(folder).score_columns(columns)
    expected = [expected_score(1, 0.5, "north"), expected_score(2, float("nan"), "")]
    assert scores.tolist() == pytest.approx(expected, abs=1e-6)


def test_model_is_the_one_that_was_verified(folder: Path) -> None:
    bundle = Bundle.load(folder)
    (folder / MODEL).write_bytes(b"swapped after loading")
    assert bundle.score_columns({"town": [""], "weight": [0], "size": [0]}).tolist() == [0.5]


def change_manifest(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        values = json.loads((folder / MANIFEST).read_text())
        change(values)
        (folder / MANIFEST).write_text(json.dumps(values))

    return apply


def truncate(folder: Path) -> None:
    (folder / MODEL).write_bytes((folder / MODEL).read_bytes()[:-1])


def swap_byte(folder: Path) -> None:
    content = bytearray((folder / MODEL).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / MODEL).write_bytes(content)


def link_away(folder: Path) -> None:
    (folder / "card.md").rename(folder.parent / "card.md")
    (folder / "card.md").symlink_to(folder.parent / "card.md")


DAMAGE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "truncated": (truncate, r"model.onnx has [\d,]+ bytes, and the manifest says"),
    "swapped byte": (swap_byte, "the content of model.onnx is not what the manifest says"),
    "altered report": (
        lambda f: (f / "report.html").write_text("the report.html of the toy problem!"),
        "content of report.html",
    ),
    "missing file": (lambda f: (f / "card.md").unlink(), "card.md is missing"),
    "extra file": (lambda f: (f / "run.py").write_text("import os"), "do not belong to it: run.py"),
    "extra folder": (lambda f: (f / "code").mkdir(), "code is not a plain file"),
    "link": (link_away, "card.md is not a plain file"),
    "pipe": (lambda f: os.mkfifo(f / "pipe"), "pipe is not a plain file"),
    "no manifest": (lambda f: (f / MANIFEST).unlink(), "manifest.json is missing"),
    "half a manifest": (lambda f: (f / MANIFEST).write_text('{"format": 1'), "manifest.json is not JSON"),
    "a list": (lambda f: (f / MANIFEST).write_text("[1]"), "does not describe a bundle"),
    "bottomless": (lambda f: (f / MANIFEST).write_text("[" * 100_000), "is not JSON"),
    "huge": (lambda f: (f / MANIFEST).write_bytes(b" " * (16 * 2**20 + 1)), "larger than"),
    "binary": (lambda f: (f / MANIFEST).write_bytes(b"\xff\xfe\x00"), "is not JSON"),
    "unknown format": (change_manifest(lambda m: m.update(format=2)), "its format is 2, and this version reads 1"),
    "unknown key": (change_manifest(lambda m: m.update(hook="x")), "hook"),
    "lost key": (change_manifest(lambda m: m.pop("threshold")), "threshold"),
    "not a number": (change_manifest(lambda m: m.update(threshold=float("nan"))), "threshold"),
    "path escape": (change_manifest(lambda m: m["files"].update({"../x": m["files"][MODEL]})), r"\.\./x"),
    "unlisted file": (change_manifest(lambda m: m["files"].pop("card.md")), "differs in .*card.md"),
    "no hash": (change_manifest(lambda m: m["files"][MODEL].update(sha256="")), "sha256"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_refused_with_its_reason(folder: Path, damage: str) -> None:
    apply, reason = DAMAGE[damage]
    apply(folder)
    with pytest.raises(BundleError, match=reason) as caught:
        Bundle.load(folder)
    assert str(folder) in caught.value.what
    assert caught.value.fix


def test_a_bundle_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="There is no bundle at"):
        Bundle.load(tmp_path / "nowhere")
