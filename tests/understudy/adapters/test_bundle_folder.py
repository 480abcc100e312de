"""Bundles by digest in a folder: put in place whole, and nothing but plain files of a bearable size come out."""

from pathlib import Path

import pytest
from small_bundle import a_bundle

from understudy.adapters.bundle_folder import FolderBundles
from understudy.bundle import MODEL, Bundle
from understudy.errors import BundleError, StoreError

pytestmark = pytest.mark.integration


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return a_bundle(tmp_path / "built")


@pytest.fixture
def store(tmp_path: Path) -> FolderBundles:
    return FolderBundles(tmp_path / "store")


def test_what_was_published_is_fetched(store: FolderBundles, bundle: Bundle, tmp_path: Path) -> None:
    store.publish(bundle)
    store.publish(bundle)
    assert names(store.root) == [bundle.digest]
    fetched = store.fetch(bundle.digest, tmp_path / "cache" / "here")
    assert Bundle.load(fetched).digest == bundle.digest
    assert names(tmp_path / "cache") == ["here"]


def test_a_bundle_that_changed_after_it_was_verified_is_not_published(store: FolderBundles, bundle: Bundle) -> None:
    (bundle.folder / "card.md").write_text("another", encoding="utf-8")
    with pytest.raises(BundleError, match=r"card\.md"):
        store.publish(bundle)
    assert names(store.root) == []


@pytest.mark.parametrize("digest", ["0" * 64, "../" + "0" * 61, "", "store", "."])
def test_what_is_not_there_is_said(store: FolderBundles, bundle: Bundle, digest: str, tmp_path: Path) -> None:
    store.publish(bundle)
    with pytest.raises(BundleError, match="has no bundle"):
        store.fetch(digest, tmp_path / "into")
    assert not (tmp_path / "into").exists()


def test_nothing_that_leads_out_of_the_store_is_followed(store: FolderBundles, bundle: Bundle, tmp_path: Path) -> None:
    store.publish(bundle)
    stored = store.root / bundle.digest
    (tmp_path / "secret").write_text("of another", encoding="utf-8")
    (stored / MODEL).unlink()
    (stored / MODEL).symlink_to(tmp_path / "secret")
    with pytest.raises(BundleError, match="not a plain file"):
        store.fetch(bundle.digest, tmp_path / "into")
    (stored / MODEL).unlink()
    (stored / MODEL).mkdir()
    with pytest.raises(BundleError, match="not a plain file"):
        store.fetch(bundle.digest, tmp_path / "into")
    (store.root / ("f" * 64)).symlink_to(tmp_path / "built")
    with pytest.raises(BundleError, match="has no bundle"):
        store.fetch("f" * 64, tmp_path / "into")
    assert names(tmp_path) == ["built", "secret", "store"]


def test_too_much_is_refused_before_it_is_copied(bundle: Bundle, tmp_path: Path) -> None:
    FolderBundles(tmp_path / "store").publish(bundle)
    with pytest.raises(BundleError, match="larger than allowed"):
        FolderBundles(tmp_path / "store", largest=500).fetch(bundle.digest, tmp_path / "into")
    assert not (tmp_path / "into").exists()


def test_a_place_that_cannot_be_used_is_said(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StoreError, match="cannot be used"):
        FolderBundles(tmp_path / "file").publish(bundle)
    store = FolderBundles(tmp_path / "store")
    store.publish(bundle)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine").write_text("", encoding="utf-8")
    with pytest.raises(StoreError, match="cannot be used"):
        store.fetch(bundle.digest, tmp_path / "taken")
    assert names(tmp_path / "taken") == ["mine"]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
