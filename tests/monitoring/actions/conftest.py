"""A deployment of ``toy`` with a registry, a bundle store and a deployer in memory."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_deployment_log import FakeDeploymentLog
from fake_ledger import FakeLedger
from some_versions import NOON, a_version

from understudy.bundle import Bundle
from understudy.deploying import Changed, Deployer, Placement
from understudy.records import Label, Prediction, Version

DAY = timedelta(days=1)
START = datetime(2013, 11, 1)


class Shelf:
    """Gives out no bundle, and is content with that: these tests are not about bundles."""

    def publish(self, bundle: Bundle) -> None: ...

    def fetch(self, digest: str, into: Path) -> Path:
        return into


class Unpublished(Deployer):
    def _publish(self, problem: str, number: int, digest: str) -> None: ...


class Registry:
    """Knows versions by number."""

    def __init__(self) -> None:
        self.known: dict[int, Version] = {}

    def version(self, problem: str, number: int) -> Version:
        return self.known.get(number) or a_version(number)

    def versions(self, problem: str) -> tuple[Version, ...]:
        return tuple(self.known.values())

    def champion(self, problem: str) -> None:
        return None

    def promote(self, problem: str, number: int) -> None: ...

    def point(self, problem: str, alias: str, number: int | None) -> None: ...


@dataclass
class Stage:
    """What serves, and the means to change it."""

    log: FakeDeploymentLog
    registry: Registry
    deployer: Deployer
    now: list[datetime]

    def deploy(self, number: int, mode: Any = "single", who: str = "ann", **more: Any) -> Changed:
        self.now[0] += timedelta(minutes=1)
        return self.deployer.deploy(self.registry.version("toy", number), Placement(mode, **more), who, "because")


@pytest.fixture
def stage() -> Stage:
    """Version 1 is champion, version 0 was before it."""
    log, registry, now = FakeDeploymentLog(), Registry(), [NOON]
    made = Stage(log, registry, Unpublished(log, registry, Shelf(), lambda: now[0]), now)  # type: ignore[arg-type]
    made.deploy(9)
    made.deploy(1)
    return made


Fill = Callable[..., FakeLedger]


@pytest.fixture
def fill() -> Fill:
    """A ledger of labelled rows over days; ``truth`` makes the odds of a score, ``shadow`` scores the same requests."""

    def make(
        days: int = 28, a_day: int = 40, shadow: Any = None, arms: tuple[str, ...] = ("champion",), **more: Any
    ) -> FakeLedger:
        rng, ledger = np.random.default_rng(3), FakeLedger()
        threshold, truth = more.get("threshold", 0.5), more.get("truth", lambda score: score)
        for number in range(days * a_day):
            at, score = START + number // a_day * DAY + number % a_day * timedelta(minutes=9), float(rng.random())
            y, arm = float(rng.random() < truth(score)), arms[number % len(arms)]
            key, version = f"k{number}", 1 if arm == "champion" else 2
            ledger.append([_row(f"p{number}", key, at, arm, version, score, threshold)])
            if shadow:
                guess = float(np.clip(shadow(score, y, rng), 0, 1))
                row = _row(f"s{number}", key, at, "shadow", 2, guess, 0.2, standing="shadow", live=f"p{number}")
                ledger.append([row])
            ledger.label([Label("toy", y, key=key, landed_at=at + timedelta(hours=5))])
        return ledger

    return make


def _row(
    name: str, key: str, at: datetime, arm: str, version: int, score: float, threshold: float, **more: Any
) -> Prediction:
    return Prediction(
        id=name, problem="toy", at=at, event_time=at, key=key, unit="", arm=arm, version=version, revision=2,
        experiment="", propensity=1.0, score=score, threshold=threshold, decision=score >= threshold,
        **{"standing": "live", **more},
    )  # fmt: skip
