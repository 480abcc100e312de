from pathlib import Path
from typing import Any

import pytest
from small_serving import SPEC, a_model, a_row

from serving.features import FeatureCache, RequestFeatures
from serving.oddities import Oddities
from understudy.bundle import Manifest
from understudy.bundle.manifest import Reference, RequestField

pytestmark = pytest.mark.integration


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return a_model(tmp_path).manifest


def flags(manifest: Manifest, *rows: dict[str, Any]) -> list[list[str]]:
    features = RequestFeatures(SPEC, FeatureCache(SPEC))
    return Oddities(manifest).of(rows, features.of(rows))


def test_what_training_has_seen_is_not_odd(manifest: Manifest) -> None:
    rows = a_row(), a_row(town=None), a_row(size=None, weight=None), a_row(size=5000.0)
    assert flags(manifest, *rows) == [[], [], [], []]


def test_each_row_has_its_own_flags(manifest: Manifest) -> None:
    rows = a_row(town="west"), a_row(), a_row(town="east", size=9000.0)
    assert flags(manifest, *rows) == [
        ["unseen category: town"],
        [],
        ["unseen category: town", "out of range: size"],
    ]


def test_the_training_rows_say_more_than_the_declared_list(manifest: Manifest) -> None:
    reference = Reference(known={"town": ("west",)}, numbers=(), categories=())
    changed = manifest.model_copy(update={"reference": reference})
    assert flags(changed, a_row(town="west"), a_row(town="north")) == [[], ["unseen category: town"]]


def test_without_them_the_declared_list_counts(manifest: Manifest) -> None:
    changed = manifest.model_copy(update={"reference": None})
    assert flags(changed, a_row(town="north"), a_row(town="west")) == [[], ["unseen category: town"]]


def test_an_open_list_notes_others_and_no_list_knows_nothing(manifest: Manifest) -> None:
    owner = RequestField(name="owner", role="unit", kind="category", categories=("ann", "..."))
    changed = manifest.model_copy(update={"reference": None, "request": (owner,)})
    assert flags(changed, a_row(town="anywhere"), a_row(owner="eve")) == [[], ["unseen category: owner"]]
