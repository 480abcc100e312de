"""The champion that a window is judged by."""

from datetime import timedelta
from pathlib import Path

import pytest
from small_traffic import (
    SINCE,
    SPEC,
    THRESHOLD,
    OneBundle,
    a_champion,
    a_deployment,
    a_ledger,
    a_window,
    answered,
    rows,
)

from monitoring.champion import champion_of
from understudy.errors import DeploymentError
from understudy.records import Arm

pytestmark = pytest.mark.unit


def of_version(version: int, revision: int, **changes: object):
    arms = (Arm(name="champion", version=version, digest=str(version) * 64, weight=1.0, **changes),)
    return a_deployment(revision=revision, arms=arms, at=SINCE + timedelta(days=revision))


def test_the_newest_champion_is_judged_since_it_first_served(tmp_path: Path) -> None:
    history = [of_version(2, 4, threshold=0.3), of_version(2, 3), of_version(1, 2), of_version(1, 1)]
    ledger = a_ledger(rows(10))
    ledger.append([answered(rows(11)[10], 10, version=2)])
    found = champion_of(history, a_window(ledger).live.answers, OneBundle(), tmp_path)
    assert (found.version, found.threshold, found.placed.digest) == (2, 0.3, "2" * 64)
    assert found.deployed_at == SINCE + timedelta(days=3)


def test_a_champion_that_answered_nothing_gives_way_to_the_one_that_did(tmp_path: Path) -> None:
    history = [of_version(3, 3), of_version(2, 2), of_version(1, 1)]
    ledger = a_ledger(rows(10))
    ledger.append([answered(rows(11)[10], 10, version=2)])
    found = champion_of(history, a_window(ledger).live.answers, OneBundle(), tmp_path)
    assert (found.version, found.threshold) == (1, THRESHOLD)
    nobody = champion_of(history, a_window(a_ledger([])).live.answers, OneBundle(), tmp_path / "again")
    assert nobody.version == 3


def test_without_a_deployment_there_is_nobody_to_judge(tmp_path: Path) -> None:
    with pytest.raises(DeploymentError, match="Nothing is deployed"):
        champion_of([], a_window(a_ledger([])).live.answers, OneBundle(), tmp_path)


def test_it_learned_until_its_newest_training_row(tmp_path: Path) -> None:
    champion = a_champion(tmp_path)
    newest = champion.learned_until(SPEC)
    assert newest is not None
    assert SINCE - timedelta(days=1) < newest < SINCE
    undated = SPEC.model_copy(update={"tables": {"orders": SPEC.tables["orders"].model_copy(update={"columns": {}})}})
    assert champion.learned_until(undated) is None
