"""What a rollback goes back to."""

import pytest
from some_versions import a_version, signed

from understudy.deploying import Placement
from understudy.deploying.changes import choose, deploy, promote, restore, threshold
from understudy.deploying.history import competing_since, previous_champion, require_restorable, target
from understudy.errors import DeploymentError
from understudy.records import Deployment

pytestmark = pytest.mark.unit


def story(*steps: tuple[str, int]) -> list[Deployment]:
    """Revisions, newest first: ("single", 2) deploys version 2, ("back", 1) restores revision 1, ("promote", 0)."""
    made: list[Deployment] = []
    for word, number in steps:
        current = made[-1] if made else None
        if word == "back":
            made.append(restore(made[-1], made[number - 1], signed()))
        elif word == "promote":
            made.append(promote(current, "toy", choose(current, "toy"), signed()))
        else:
            made.append(deploy(current, a_version(number), Placement(word), signed()))  # type: ignore[arg-type]
    return made[::-1]


def test_the_last_revision_with_another_champion_comes_back() -> None:
    assert target(story(("single", 1), ("single", 2), ("shadow", 3)), "toy").revision == 1


def test_a_promoted_challenger_goes_altogether() -> None:
    assert target(story(("single", 1), ("canary", 2), ("promote", 0)), "toy").revision == 1
    assert target(story(("single", 1), ("canary", 2), ("single", 3)), "toy").revision == 2


def test_a_second_rollback_goes_further_back() -> None:
    history = story(("single", 1), ("single", 2), ("single", 3))
    assert target(history, "toy").revision == 2
    history = story(("single", 1), ("single", 2), ("single", 3), ("back", 2))
    assert target(history, "toy").revision == 1
    history = story(("single", 1), ("single", 2), ("single", 3), ("back", 2), ("back", 1))
    with pytest.raises(DeploymentError, match=r"no revision with another champion.*--to REVISION"):
        target(history, "toy")


def test_what_was_taken_up_again_counts_again() -> None:
    history = story(("single", 1), ("single", 2), ("back", 1), ("single", 3), ("back", 2))
    assert target(history, "toy").revision == 1


def test_a_rejected_version_does_not_come_back() -> None:
    history = story(("single", 1), ("single", 2), ("single", 3))
    assert target(history, "toy", rejected={2}).revision == 1
    with pytest.raises(DeploymentError, match=r"Revision 2 serves toy/2, which has been rejected since"):
        require_restorable(history[1], {2})


def test_nothing_to_go_back_to() -> None:
    with pytest.raises(DeploymentError, match="Nothing of toy"):
        target([], "toy")


def test_the_previous_champion() -> None:
    assert previous_champion([]) is None
    assert previous_champion(story(("single", 1))) is None
    assert previous_champion(story(("single", 1), ("single", 2), ("shadow", 3))) == 1
    assert previous_champion(story(("single", 1), ("single", 2), ("back", 1))) == 2


def test_a_bandit_learns_since_its_arms_have_been_the_same() -> None:
    history = story(("single", 1), ("bandit", 2), ("shadow", 3))
    assert competing_since(history) == 2
    assert competing_since(story(("single", 1), ("bandit", 2), ("bandit", 3))) == 3
    assert competing_since(history[1:]) == 2


def test_a_bandit_starts_anew_when_an_arm_decides_at_another_threshold() -> None:
    history = story(("single", 1), ("bandit", 2))
    moved = threshold(history[0], "toy", "challenger", 0.3, signed())
    assert competing_since([moved, *history]) == moved.revision
