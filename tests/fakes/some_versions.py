"""Versions as a registry would give them, without a registry."""

from datetime import datetime
from typing import Any

from understudy.deploying import Signature
from understudy.records import Approval, GateCheck, Lineage, Verdict, Version

NOON = datetime(2024, 3, 1, 12)


def digest_of(number: int) -> str:
    return f"{number:064x}"


def a_version(number: int, state: Any = "approved", decision: Any = "accepted", problem: str = "toy") -> Version:
    """A version whose digest is its number."""
    verdict: Any = "pass" if decision == "accepted" else "fail"
    check = GateCheck(name="roc_auc", figure=0.7, limit=0.8, verdict=verdict, why="0.7 against 0.8.")
    return Version(
        problem=problem,
        number=number,
        digest=digest_of(number),
        stage="development",
        approval=Approval(state=state, by="ann", why="looks right"),
        verdict=Verdict(digest=digest_of(number), decision=decision, checks=(check,)),
        lineage=Lineage(data_hash="", config_hash="", lock_hash="", study=""),
        metrics={},
    )


def signed(why: str = "because", who: str = "ann", at: datetime = NOON) -> Signature:
    return Signature(who, why, at)
