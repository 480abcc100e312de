"""Which version each alias means."""

import pytest
from fake_deployment_log import FakeDeploymentLog
from some_versions import a_version, signed

from understudy.deploying import Placement
from understudy.deploying.changes import deploy
from understudy.deploying.mirror import challenger, mirror

pytestmark = pytest.mark.unit


def test_the_challenger_is_the_first_arm_beside_the_champion_else_a_shadow() -> None:
    alone = deploy(None, a_version(1), Placement(), signed())
    assert challenger(alone) is None
    shadowed = deploy(alone, a_version(2), Placement("shadow"), signed())
    assert challenger(shadowed) == 2
    assert challenger(deploy(shadowed, a_version(3), Placement("canary"), signed())) == 3


def test_without_a_registry_nothing_is_mirrored_and_that_is_said() -> None:
    assert "does not write" in mirror(FakeDeploymentLog(), None, "toy")
