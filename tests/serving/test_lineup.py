from pathlib import Path

import pytest
from small_serving import a_lineup, a_model

from serving.lineup import Lineup
from understudy.errors import BundleError

pytestmark = pytest.mark.integration


def test_a_lineup_has_every_model_that_it_needs(tmp_path: Path) -> None:
    one, two, three = (a_model(tmp_path, version) for version in (1, 2, 3))
    lineup = a_lineup(one, two, weights=(0.5, 0.5), shadows=(three,), revision=4)
    assert (lineup.champion, lineup.manifest) == (one, one.manifest)
    assert lineup.model(lineup.deployment.arms[1]) is two
    assert lineup.since == 4
    assert Lineup(lineup.deployment, lineup.models, learning_since=2).since == 2
    with pytest.raises(BundleError, match=r"Revision 4 cannot serve: challenger \(version 2\) is not loaded"):
        Lineup(lineup.deployment, {one.digest: one, three.digest: three})


def test_a_deployments_threshold_goes_before_the_bundles(tmp_path: Path) -> None:
    one = a_model(tmp_path)
    lineup = a_lineup(one)
    champion = lineup.deployment.champion
    assert lineup.threshold(champion) == one.manifest.threshold == 0.4
    assert lineup.threshold(champion.model_copy(update={"threshold": 0.0})) == 0.0
