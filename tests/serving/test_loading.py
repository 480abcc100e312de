"""Bundles that somebody got at: each is refused for its own reason, and nothing of it runs."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bundle_corpus import Corpus, revision
from small_serving import CODE, SPEC

from serving.features import FeatureCache, RequestFeatures
from serving.loading import Loader, at_hand
from serving.private_folder import PrivateFolder
from understudy.bundle.manifest import MANIFEST, MODEL
from understudy.errors import BundleError, StoreError

pytestmark = pytest.mark.integration


@pytest.fixture
def loader(corpus: Corpus, folder: PrivateFolder) -> Loader:
    return Loader(corpus.store, folder, CODE, RequestFeatures(SPEC, FeatureCache(SPEC)).check)


def truncated(bundle: Path) -> None:
    (bundle / MODEL).write_bytes((bundle / MODEL).read_bytes()[:-40])


def swapped_byte(bundle: Path) -> None:
    content = bytearray((bundle / MODEL).read_bytes())
    content[len(content) // 2] ^= 1
    (bundle / MODEL).write_bytes(content)


def huge_manifest(bundle: Path) -> None:
    with (bundle / MANIFEST).open("ab") as stream:
        stream.write(b" " * (17 * 2**20))


def deep_manifest(bundle: Path) -> None:
    (bundle / MANIFEST).write_text("[" * 100_000)


def escaping_manifest(bundle: Path) -> None:
    values = json.loads((bundle / MANIFEST).read_text())
    values["files"]["../../escaped"] = values["files"].pop("card.md")
    (bundle / MANIFEST).write_text(json.dumps(values))


def link_to_a_file(bundle: Path) -> None:
    (bundle / "card.md").unlink()
    (bundle / "card.md").symlink_to("/etc/hostname")


def link_to_a_folder(bundle: Path) -> None:
    bundle.rename(bundle.with_name("elsewhere"))
    bundle.symlink_to(bundle.with_name("elsewhere"))


def fifo(bundle: Path) -> None:
    (bundle / "card.md").unlink()
    os.mkfifo(bundle / "card.md")


REFUSED: dict[str, tuple[Callable[[Path], Any], str]] = {
    "truncated": (truncated, r"model\.onnx has [\d,]+ bytes"),
    "swapped byte": (swapped_byte, r"content of model\.onnx is not what the manifest says"),
    "missing": (lambda bundle: (bundle / MODEL).unlink(), r"model\.onnx is missing"),
    "extra file": (lambda bundle: (bundle / "sitecustomize.py").write_text("1"), r"do not belong.*sitecustomize\.py"),
    "folder": (lambda bundle: (bundle / "code").mkdir(), "code is not a plain file"),
    "link to a file": (link_to_a_file, r"card\.md is not a plain file"),
    "link to a folder": (link_to_a_folder, "has no bundle"),
    "fifo": (fifo, r"card\.md is not a plain file"),
    "huge manifest": (huge_manifest, "larger than 16,777,216 bytes"),
    "deep manifest": (deep_manifest, "is not JSON"),
    "escaping name": (escaping_manifest, r"differs in \['\.\./\.\./escaped', 'card\.md'\]"),
    "no manifest": (lambda bundle: (bundle / MANIFEST).write_text("{}"), "format is None"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_an_altered_bundle_is_refused_for_its_own_reason(
    kind: str, corpus: Corpus, loader: Loader, folder: PrivateFolder
) -> None:
    alter, reason = REFUSED[kind]
    digest = corpus.altered(2, alter)
    with pytest.raises(BundleError, match=reason) as refused:
        loader.load(revision(1, (2, digest)), {}, None)
    assert refused.value.what.startswith("toy/2 as champion: ")
    assert str(folder.path) not in refused.value.what
    assert list(folder.path.iterdir()) == []
    assert not (corpus.folder / "escaped").exists()


@pytest.mark.parametrize("name", ["model.pkl", MODEL, "model.skops"])
def test_a_pickle_is_never_opened(name: str, corpus: Corpus, loader: Loader) -> None:
    digest = corpus.altered(2, lambda bundle: corpus.pickled(bundle / name))
    with pytest.raises(BundleError, match=r"do not belong to it: model\.pkl|(onnx|skops) has"):
        loader.load(revision(1, (2, digest)), {}, None)
    assert not corpus.marker.exists()


def test_a_pickle_with_right_hashes_is_no_model(corpus: Corpus, loader: Loader) -> None:
    digest = corpus.retold(2, lambda bundle: corpus.pickled(bundle / MODEL))
    with pytest.raises(BundleError, match="cannot be run"):
        loader.load(revision(1, (2, digest)), {}, None)
    assert not corpus.marker.exists()


def field(name: str, kind: str) -> dict[str, Any]:
    return {"name": name, "role": "feature", "kind": kind}


RETOLD: dict[str, tuple[dict[str, Any], str]] = {
    "feature code": ({"features": {"functions": None, "views": [], "code_hash": "0" * 64}}, "made by other code"),
    "problem": ({"problem": "other"}, "a model of other, not of toy"),
    "inputs": (
        {"inputs": {"numbers": [{"name": "size"}, {"name": "age"}], "categories": [{"name": "town"}]}},
        "reads other inputs",
    ),
    "tensors": (
        {
            "inputs": {"numbers": [{"name": "size"}], "categories": [{"name": "town"}]},
            "example": {"request": {}, "numbers": [1.0], "categories": ["north"], "score": 0.5},
        },
        "model takes",
    ),
    "score": (
        {"example": {"request": {}, "numbers": [1.0, 0.5], "categories": ["north"], "score": 0.25}},
        "scores its own example 0.9",
    ),
}


@pytest.mark.parametrize("kind", RETOLD)
def test_a_whole_bundle_that_does_not_fit_is_refused(kind: str, corpus: Corpus, loader: Loader) -> None:
    changes, reason = RETOLD[kind]
    digest = corpus.retold(2, **changes)
    with pytest.raises(BundleError, match=reason):
        loader.load(revision(1, (2, digest)), {}, None)


def test_a_bundle_in_anothers_place_is_refused(corpus: Corpus, loader: Loader) -> None:
    first, second = corpus.sound(1), corpus.sound(2)
    (corpus.store.root / first).rename(corpus.store.root / "away")
    (corpus.store.root / second).rename(corpus.store.root / first)
    with pytest.raises(BundleError, match=f"its digest is {second[:12]}, and version 1 was deployed as {first[:12]}"):
        loader.load(revision(1, (1, first)), {}, None)


def test_other_requests_than_the_champions_are_refused(corpus: Corpus, loader: Loader) -> None:
    running = loader.load(revision(1, (1, corpus.sound(1))), {}, None)
    request = [item.model_dump(mode="json") for item in running.manifest.request]
    other = corpus.retold(2, request=[*request, field("garden", "number")])
    with pytest.raises(BundleError, match=r"requests differ .* in garden"):
        loader.load(revision(2, (2, other)), running.models, running.manifest)
    with pytest.raises(BundleError, match=r"toy/2 as challenger: .* in garden"):
        loader.load(revision(2, (1, running.champion.digest), (2, other)), running.models, None)
    assert loader.load(revision(2, (2, other)), {}, None).champion.version == 2


def test_a_killed_deployment_needs_its_champion_alone(corpus: Corpus, loader: Loader, folder: PrivateFolder) -> None:
    champion, bad = corpus.sound(1), corpus.altered(2, truncated)
    killed = revision(3, (1, champion), (2, bad), killed=True)
    assert at_hand(killed, {}) is None
    lineup = loader.load(killed, {}, None)
    assert (lineup.deployment.mode, lineup.deployment.revision) == ("single", 3)
    assert [arm.weight for arm in lineup.deployment.arms] == [1.0]
    assert at_hand(killed, lineup.models) == lineup
    with pytest.raises(BundleError, match="toy/2 as challenger"):
        loader.load(revision(3, (1, champion), (2, bad)), {}, None)
    assert len(list(folder.path.iterdir())) == 1


def test_what_is_loaded_is_used_again_and_released_on_demand(
    corpus: Corpus, loader: Loader, folder: PrivateFolder
) -> None:
    first, second = corpus.sound(1), corpus.sound(2)
    one = loader.load(revision(1, (1, first)), {}, None)
    two = loader.load(revision(2, (1, first), (2, second)), one.models, one.manifest)
    assert two.champion is one.champion
    score = two.models[second].score(np.array([[1.0, 0.5]], np.float32), np.array([["north"]], object))
    assert score[0] == pytest.approx(two.manifest.example.score, abs=1e-6)
    assert at_hand(revision(3, (2, second)), two.models).champion.version == 2  # type: ignore[union-attr]
    assert at_hand(revision(3, (3, "a" * 64)), two.models) is None
    loader.release(two.models[second])
    assert len(list(folder.path.iterdir())) == 1


def test_why_a_version_is_refused_tells_nobody_where_the_store_is(corpus: Corpus, loader: Loader) -> None:
    with pytest.raises(BundleError) as missing:
        loader.load(revision(1, (1, "a" * 64)), {}, None)
    assert missing.value.what.startswith("toy/1 as champion: The bundle store at ")
    assert str(corpus.store.root.parent) not in str(missing.value)
    digest = corpus.sound(1)
    (corpus.store.root / digest / MODEL).unlink()
    (corpus.store.root / digest / MODEL).symlink_to("/etc/hostname")
    with pytest.raises(BundleError) as altered:
        loader.load(revision(1, (1, digest)), {}, None)
    assert str(corpus.store.root.parent) not in str(altered.value)


def test_a_store_out_of_reach_is_not_told_by_its_address(
    corpus: Corpus, loader: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        raise StoreError("The bundle store s3://host/bucket cannot be used.", "Check it.")

    monkeypatch.setattr(corpus.store, "fetch", away)
    with pytest.raises(BundleError) as refused:
        loader.load(revision(1, (1, corpus.sound(1))), {}, None)
    assert refused.value.what == "toy/1 as champion: the bundle store cannot be used."
    assert isinstance(refused.value.__cause__, StoreError)
