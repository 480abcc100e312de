"""The guard: whatever has a share of the traffic beside the champion is taken out once it does harm for certain.

It looks at every canary, A/B test and bandit, with an experiment or without. No cooldown and no hourly cap withholds
it: each time it acts there is one challenger less, so it cannot storm. A dry run does, and an action already under way
on the same arm is not taken twice.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from monitoring.alerts import Acting, act_on
from monitoring.alerts.changing import change
from monitoring.alerts.dry import MARK, PREFIX
from monitoring.experiments.following import Following
from monitoring.experiments.outcomes import Asked, Outcomes
from monitoring.experiments.page import render_breach
from monitoring.experiments.plan import Plan, Segment, plan_of
from monitoring.experiments.rails import Terms, rails_of
from monitoring.experiments.statistics.guardrails import Guardrail
from monitoring.experiments.status import rail_json, terms_of
from understudy.deploying.history import competing_since
from understudy.errors import DataError
from understudy.files import write_text
from understudy.ports import DeploymentLog, WatchLog
from understudy.problem import ProblemSpec
from understudy.records import Alert, Arm, Deployment
from understudy.settings import Settings

GUARD = "guard"
"""Rule of its alerts."""
REACH = 1000
PATIENCE = timedelta(seconds=10)
"""Before another attempt where one failed; longer after each."""
SEGMENTS = 20
"""Values of segments that are looked at, the commonest first; alpha is divided among so many in any case."""

log = logging.getLogger("understudy.monitoring")


@dataclass(frozen=True)
class Watched:
    """What one look of the guard saw."""

    deployment: Deployment
    since: Deployment
    """The first revision of this competition."""
    rows: int
    rails: dict[str, tuple[Guardrail, ...]]
    """By arm."""
    alerts: tuple[Alert, ...] = ()
    """Those that were raised, as they stand at the end."""


@dataclass(frozen=True)
class Guard:
    """Looks, and acts on what it sees."""

    spec: ProblemSpec
    following: Following
    deployments: DeploymentLog
    watch: WatchLog
    settings: Settings
    acting: Callable[[], Acting]
    """What alerts are acted on with; asked for once there is one."""

    def look(self) -> Watched | None:
        """Hold every challenger against the champion; take out what is harmful. None where nothing competes.

        Raises:
            StoreError: a store cannot be reached; the next look sees all that this one missed.
        """
        history = self.deployments.history(self.spec.name, REACH)
        if not history or len(history[0].arms) < 2 or history[0].killed:
            return None
        newest, first = history[0], competing_since(history)
        competing = [one for one in history if one.revision >= first and not one.killed]
        plan = self._plan(newest)
        outcomes = self._read(competing, plan)
        rails = {arm.name: rails_of(*parts) for arm, parts in self._parts(newest, outcomes, plan)}
        watched = Watched(newest, competing[-1], len(outcomes), rails)
        alerts = [
            self._act(self._alert(arm, watched, outcomes))
            for arm in newest.arms[1:]
            if any(rail.harmed for rail in rails[arm.name])
        ]
        return replace(watched, alerts=tuple(alerts))

    def _plan(self, deployment: Deployment) -> Plan | None:
        """Of the experiment that runs; none, and the problem's own limits hold, where it cannot be read."""
        found = self.watch.experiment(self.spec.name, deployment.experiment) if deployment.experiment else None
        if found is None or found.state != "running":
            return None
        try:
            return plan_of(found)
        except DataError as error:
            log.warning("The guard goes by the limits of %s: %s", self.spec.name, error)
            return None

    def _read(self, competing: Sequence[Deployment], plan: Plan | None) -> Outcomes:
        columns = plan.columns if plan else self._columns
        return self.following.read(competing, Asked.of(self.spec, columns))

    @property
    def _columns(self) -> tuple[str, ...]:
        return self.spec.monitoring.segments or self.spec.evaluation.segments

    def _parts(
        self, newest: Deployment, outcomes: Outcomes, plan: Plan | None
    ) -> list[tuple[Arm, tuple[Outcomes, Outcomes, Terms]]]:
        champion = outcomes.of(newest.champion.name)
        terms = terms_of(plan) if plan else self._terms(champion, len(newest.arms) - 1)
        return [(arm, (champion, outcomes.of(arm.name), terms)) for arm in newest.arms[1:]]

    def _terms(self, champion: Outcomes, arms: int) -> Terms:
        """Without a plan: the problem's own limits, against what the champion costs now."""
        guard, labelled = self.spec.monitoring.guard, champion.labelled
        if guard.cost is None or not labelled.any():
            return Terms(guard, None, arms=arms)
        harm = guard.cost * float(champion.cost[labelled].mean())
        return Terms(guard, harm, tuple(_commonest(champion, self._columns)), arms=arms, family=SEGMENTS)

    def _alert(self, arm: Arm, watched: Watched, outcomes: Outcomes) -> Alert:
        rails = watched.rails[arm.name]
        breach = next(rail for rail in rails if rail.harmed)
        what = {"problem": self.spec.name, "rule": GUARD, "revision": watched.since.revision, "arm": arm.name}
        return Alert(
            id=self._id(f"guard-{self.spec.name}-{watched.since.revision}-{arm.name}", arm.digest),
            problem=self.spec.name,
            rule=GUARD,
            subject=f"guard.{breach.name}",
            action="rollback",
            since=outcomes.moment.min().item(),
            until=outcomes.moment.max().item(),
            raised_at=self.acting().clock(),
            evidence={
                **what,
                **({MARK: True} if self.spec.monitoring.dry_run else {}),
                "version": arm.version,
                "digest": arm.digest,
                "experiment": watched.deployment.experiment,
                "figure": breach.challenger,
                "limit": breach.champion + breach.margin,
                "because": _because(arm, breach, self.spec.name),
                "deployed_at": watched.since.at.isoformat(),
                "answers": {name: int((outcomes.arm == name).sum()) for name in sorted(set(outcomes.arm.tolist()))},
                "rails": [rail_json(rail) for rail in rails],
            },
        )

    def _id(self, stem: str, digest: str) -> str:
        """The same for the same breach, so that it is acted on once; another after an attempt that failed."""
        number, found = 1, f"{PREFIX if self.spec.monitoring.dry_run else ''}{stem}-{digest[:8]}"
        while (known := self.watch.alert(f"{found}-{number}")) and known.state == "failed":
            if known.raised_at + number * PATIENCE > self.acting().clock():
                break
            number += 1
        return f"{found}-{number}"

    def _act(self, alert: Alert) -> Alert:
        acting = self.acting()
        decided = self.watch.decide(alert, lambda _others, standing: self._decision(standing))
        if decided.state in ("decided", "acting"):
            # Only what it takes: a guard does not wait for an investigation.
            mine = replace(acting, actions={"rollback": lambda one: self._rolled_back(one, acting)})
            decided = act_on(decided, mine)
        if decided.state == "done" and not decided.outcome.get("dry_run"):
            change(self.watch, decided.id, lambda one: None if one.ended_at else {"ended_at": one.until})
        return self.watch.alert(decided.id) or decided

    def _decision(self, alert: Alert) -> Alert:
        if alert.state != "raised":
            return alert
        newest = self.deployments.newest(alert.problem)
        made = {"decided_at": self.acting().clock(), "based_on": newest.revision if newest else None}
        if self.spec.monitoring.dry_run:
            why = f"Dry run: {alert.evidence['because']} It would be taken out, and is not."
            return alert.model_copy(update=made | {"state": "done", "why": why, "outcome": {"dry_run": True}})
        return alert.model_copy(update=made | {"state": "decided", "why": alert.evidence["because"]})

    def _rolled_back(self, alert: Alert, acting: Acting) -> dict[str, Any]:
        outcome = dict(acting.actions["rollback"](alert))
        page = f"reports/{alert.problem}/guard/{alert.id}.html"
        made = self.deployments.revision(alert.problem, outcome["revision"])
        outcome["seconds"] = round((made.at - datetime.fromisoformat(alert.evidence["deployed_at"])).total_seconds(), 1)
        write_text(self.settings.home / page, render_breach(alert, outcome, self.spec))
        return outcome | {"incident": page}


def _because(arm: Arm, rail: Guardrail, problem: str) -> str:
    return (
        f"{problem}/{arm.version} as {arm.name}: {rail.name} is {rail.challenger:.4g} against the champion's "
        f"{rail.champion:.4g}, worse by at least {rail.excess:.4g} where {rail.margin:.4g} is allowed."
    )


def _commonest(of: Outcomes, columns: Sequence[str]) -> list[Segment]:
    found = []
    for column in columns:
        values, counts = np.unique(np.array([str(value) for value in of.columns[column]]), return_counts=True)
        found += [(count, column, str(value)) for value, count in zip(values, counts.tolist(), strict=True)]
    return [Segment(column=column, value=value) for _, column, value in sorted(found, reverse=True)[:SEGMENTS]]
