"""An experiment on two replicas: arms hold their weights, and a unit has one arm everywhere and always."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import httpx
import numpy as np
import pytest
from pressure import size
from served import EXAMPLE, Project, a_project
from served_process import Server, a_server, deploy

from understudy.adapters import open_ledger
from understudy.records import Arm, Deployment

pytestmark = pytest.mark.e2e

log = logging.getLogger(__name__)
UNITS = size(10_000, 100_000)
AT_ONCE = 1_000
WEIGHTS = {"champion": 0.7, "challenger": 0.2, "third": 0.1}
CRITICAL = 13.8155
"""Chi-square with two degrees of freedom that chance exceeds once in a thousand times: -2 ln 0.001."""

Arms = dict[str, str]
"""Arm by unit."""


@pytest.fixture
def project(tmp_path: Path, new_postgres: Callable[[], str]) -> Project:
    made = a_project(tmp_path / "project", versions=len(WEIGHTS)).at(new_postgres())
    deploy(made, an_experiment(made, 1, "a proof"))
    return made


def an_experiment(project: Project, revision: int, salt: str) -> Deployment:
    arms = tuple(
        Arm(name=name, version=place, digest=project.bundles[place].digest, weight=weight)
        for place, (name, weight) in enumerate(WEIGHTS.items(), 1)
    )
    return project.deployment(revision, mode="ab", arms=arms, salt=salt)


def asked(server: Server, units: Iterable[int]) -> Arms:
    """Ask for each unit; the toy problem's unit is the parcel."""
    names = [f"unit-{number}" for number in units]
    found: Arms = {}
    with httpx.Client(base_url=server.url, timeout=60) as client:
        for start in range(0, len(names), AT_ONCE):
            part = names[start : start + AT_ONCE]
            said = client.post("/v1/predict", json=[{**EXAMPLE, "id": name} for name in part])
            assert said.status_code == 200
            found.update(zip(part, (answer["arm"] for answer in said.json()), strict=True))
    return found


def chi_square(arms: Iterable[str]) -> float:
    seen = Counter(arms)
    total = sum(seen.values())
    expected = {name: weight * total for name, weight in WEIGHTS.items()}
    return sum((seen[name] - expected[name]) ** 2 / expected[name] for name in WEIGHTS)


def test_arms_hold_their_weights_and_units_their_arms(project: Project) -> None:
    half = UNITS // 2
    with a_server(project) as one, a_server(project) as other:
        arms = asked(one, range(half)) | asked(other, range(half, UNITS))
        crossed = asked(one, range(half, UNITS)) | asked(other, range(half))
    with a_server(project) as again:
        restarted = asked(again, range(UNITS))
    ledger = open_ledger(project.settings)
    rows = [(row["unit"] or row["key"], row["arm"]) for page in ledger.read("toy") for row in page]
    ledger.close()
    log.info(
        "%s units: chi-square %.2f of %s, %s rows", UNITS, chi_square(arms.values()), Counter(arms.values()), len(rows)
    )
    assert len(arms) == UNITS
    assert chi_square(arms.values()) < CRITICAL
    assert crossed == arms
    assert restarted == arms
    assert len(rows) == 3 * UNITS
    assert set(rows) == set(arms.items())


def test_another_salt_parts_the_units_anew(project: Project) -> None:
    with a_server(project) as server:
        before = asked(server, range(AT_ONCE))
        deploy(project, an_experiment(project, 2, "another"))
        assert httpx.post(f"{server.admin}/admin/refresh", json={}).status_code == 200
        after = asked(server, range(AT_ONCE))
    stayed = np.mean([before[unit] == after[unit] for unit in before])
    by_chance = sum(weight**2 for weight in WEIGHTS.values())
    assert stayed == pytest.approx(by_chance, abs=0.06)
