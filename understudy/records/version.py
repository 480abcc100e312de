"""Versions of a model: how they were judged and who approved them."""

from datetime import datetime
from typing import Literal

from understudy.records.record import Record

Stage = Literal["development", "staging", "production", "archived"]
Decision = Literal["accepted", "rejected"]
GATE = "gate"
"""Who decided, when no person did."""


class GateCheck(Record):
    """One row of the gate's table."""

    name: str
    figure: float | None
    """What was measured; none when the check was skipped."""
    limit: float | None
    verdict: Literal["pass", "fail", "skipped"]
    why: str


class Verdict(Record):
    """What the gate found about one bundle, and against which champion."""

    digest: str
    """Digest of the bundle that was judged."""
    decision: Decision
    checks: tuple[GateCheck, ...]
    champion: int | None = None
    """Number of the version it was compared with; none when there was no champion."""

    @property
    def failed(self) -> tuple[GateCheck, ...]:
        return tuple(check for check in self.checks if check.verdict == "fail")


class Approval(Record):
    """Whether a version may serve, who said so, and why."""

    state: Literal["pending", "approved", "rejected"] = "pending"
    by: str = ""
    why: str = ""


class Lineage(Record):
    """Where a bundle comes from; equal lineage (apart from the commit) means an equal bundle."""

    git_commit: str = ""
    """Empty outside a git checkout."""
    git_dirty: bool = False
    """Whether tracked files differed from the commit."""
    data_hash: str
    config_hash: str
    lock_hash: str
    """SHA-256 of the lock of the environment; empty where the project has none."""
    study: str
    """SHA-256 of the tuning trials and the choice that came of them."""
    as_of: datetime | None = None
    """Moment whose knowledge a retraining was made from, UTC without zone; none for a training by the split's dates."""


class Version(Record):
    """One registered bundle, with its evidence."""

    problem: str
    number: int
    digest: str
    stage: Stage
    approval: Approval
    aliases: tuple[str, ...] = ()
    """Of ``champion``, ``challenger`` and ``previous``, those that point here."""
    verdict: Verdict
    lineage: Lineage
    metrics: dict[str, float]
    """Point figures on the test rows."""
    run: str = ""
    """The registry's own name of the run that holds the evidence."""
    created: datetime | None = None
    """When it was registered, in UTC; none where the registry does not say."""

    @property
    def champion(self) -> bool:
        return "champion" in self.aliases
