"""Experiments in memory: stores, versions, and traffic whose arms behave as a test says."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from fake_deployment_log import FakeDeploymentLog
from fake_ledger import FakeLedger
from fake_registry import FakeRegistry
from fake_watch_log import FakeWatchLog
from small_bundle import a_bundle, verdict_on
from watched_problem import watched

from monitoring.actions.rollback import Rollback
from monitoring.alerts import Acting
from monitoring.experiments.act import Means
from monitoring.experiments.following import Following
from monitoring.experiments.guard import Guard
from monitoring.experiments.plan import Plan
from monitoring.experiments.propose import Wish, propose
from monitoring.experiments.start import Starting, start
from monitoring.experiments.write import write
from serving.routing.assign import arm_at, shares
from understudy.adapters.bundle_folder import FolderBundles
from understudy.deploying import Deployer, Placement
from understudy.records import CHAMPION, Deployment, Experiment, Prediction
from understudy.settings import Settings

BEGIN = datetime(2026, 1, 1)
TOWNS = {"ash": 0.1, "birch": 0.3, "cedar": 0.6}
"""How often something comes true there."""


@dataclass(frozen=True)
class Behaviour:
    """Of an arm."""

    right: float = 0.8
    """Probability that a decision is right."""
    wrong_in: Mapping[str, float] = field(default_factory=dict)
    """Probability that it is right in a town, where it is another."""
    errors: float = 0.0
    constant: bool = False
    slow: float = 0.0


SOUND = Behaviour()


class Labelled(FakeLedger):
    """Has one label for each prediction, and finds it without a search."""

    def __init__(self) -> None:
        super().__init__()
        self.truths: dict[str, float] = {}

    def _labelled(self, prediction: Prediction) -> dict[str, Any]:
        truth = self.truths.get(prediction.id)
        landed = None if truth is None else prediction.at
        return {**vars_of(prediction), "label": truth, "labelled_at": landed, "contradicted": False}


def vars_of(prediction: Prediction) -> dict[str, Any]:
    """The fields as they are; ``asdict`` would copy them."""
    return {name: getattr(prediction, name) for name in Prediction.__slots__}


class Laboratory:
    """Version 1 of ``toy`` is champion; 2 and 3 are approved. A request comes each minute of the problem's clock."""

    def __init__(self, folder: Path, **monitoring: Any) -> None:
        self.spec = watched([], {"segments": ["town"], **monitoring})
        self.settings = Settings(root=folder, home=folder / "var")
        self.ledger, self.watch, self.log = Labelled(), FakeWatchLog(), FakeDeploymentLog()
        self.registry, self.now, self.rows = FakeRegistry(), BEGIN, 0
        self.draw = random.Random(5)  # noqa: S311
        for number in (1, 2, 3):
            bundle = a_bundle(folder / str(number), title=f"Toy {number}")
            self.registry.register(bundle, verdict_on(bundle.digest))
            self.registry.decide("toy", number, "approved", "gate", "passed")
        self.deployer = Deployer(self.log, self.registry, FolderBundles(folder / "store"), clock=self.clock)
        self.deploy(1)
        self.means = Means(self.spec, self.ledger, self.watch, self.log, self.deployer, self.clock)

    def clock(self) -> datetime:
        return self.now

    def deploy(self, number: int, mode: Any = "single", **placement: Any) -> Deployment:
        version = self.registry.version("toy", number)
        return self.deployer.deploy(version, Placement(mode, **placement), "ann", "a try").deployment

    def answer(self, count: int, labels: bool = True, **behaviours: Behaviour) -> None:
        """Answer so many requests as the newest deployment says; arms that are not named are sound."""
        deployment = self.log.newest("toy")
        assert deployment is not None
        for _ in range(count):
            self._one(deployment, behaviours, labels)

    def plan(self, challengers: tuple[int, ...] = (2,), **wish: Any) -> Plan:
        versions = [self.registry.version("toy", number) for number in challengers]
        given = {"name": "autumn", "effect": "30%", "act": True, **wish}
        return propose(Wish(challengers=versions, **given), self.spec, self.log.newest("toy"), self.ledger)

    def written(self, plan: Plan) -> Experiment:
        return write(plan, self.watch, "ann", "does it cost less?", self.now)

    def started(self, plan: Plan) -> Experiment:
        """Written down, and started."""
        return start(self.written(plan), self.starting, "ann")

    @property
    def starting(self) -> Starting:
        return Starting(
            self.watch, self.log, self.deployer, lambda number: self.registry.version("toy", number), self.clock
        )

    def guard(self) -> Guard:
        return Guard(self.spec, Following(self.ledger, self.spec), self.log, self.watch, self.settings, self.acting)

    def acting(self) -> Acting:
        actions = {"rollback": Rollback(self.log, self.deployer).act}
        return Acting(self.spec, self.watch, actions, lambda: 1, clock=self.clock)

    def kept(self, name: str = "autumn") -> Experiment:
        found = self.watch.experiment("toy", name)
        assert found is not None
        return found

    def _one(self, deployment: Deployment, behaviours: Mapping[str, Behaviour], labels: bool) -> None:
        self.rows += 1
        self.now += timedelta(minutes=1)
        key, town = f"k{self.rows}", self.draw.choice(list(TOWNS))
        place = arm_at(shares(deployment.salt, [key])[0], deployment.weights(self.now))
        assigned, truth = deployment.arms[place], self.draw.random() < TOWNS[town]
        behaviour = behaviours.get(assigned.name, SOUND)
        failed = self.draw.random() < behaviour.errors
        arm, acts = (deployment.champion, behaviours.get(CHAMPION, SOUND)) if failed else (assigned, behaviour)
        decision = truth == (self.draw.random() < acts.wrong_in.get(town, acts.right))
        self.ledger.append(
            [
                Prediction(
                    id=f"p{self.rows:07d}",
                    problem="toy",
                    at=self.now,
                    event_time=self.now,
                    key=key,
                    unit="",
                    standing="live",
                    arm=arm.name,
                    version=arm.version,
                    revision=deployment.revision,
                    experiment=deployment.experiment,
                    propensity=assigned.weight,
                    score=0.5 if acts.constant else 0.5 * self.draw.random() + 0.5 * decision,
                    threshold=0.5,
                    decision=decision,
                    fallback="error" if failed else "",
                    flags=[f"assigned: {assigned.name}"] if failed else [],
                    request={"size": self.draw.random(), "town": town},
                    inputs={"size": self.draw.random(), "town": town},
                    latency_ms=500.0 if self.draw.random() < behaviour.slow else 5.0,
                )
            ]
        )
        if labels:
            self.ledger.truths[f"p{self.rows:07d}"] = float(truth)


def tampered(experiment: Experiment) -> Experiment:
    """With an easier plan under the digest of the one that was written down."""
    return experiment.model_copy(update={"plan": {**experiment.plan, "alpha": 0.4}})
