"""Revisions of a problem called ``toy`` in which a champion and a challenger are drawn by their rewards."""

from datetime import datetime
from typing import Any

from some_versions import digest_of

from understudy.records import Arm, Deployment

START = datetime(2013, 11, 1)
ARMS = ("champion", "challenger")


def a_revision(number: int, mode: Any = "bandit", killed: bool = False, **more: Any) -> Deployment:
    """Revision ``number``; the champion alone in mode ``single``."""
    names = ARMS if mode != "single" else ARMS[:1]
    arms = [
        Arm(name=name, version=place + 1, digest=digest_of(place + 1), weight=1 / len(names))
        for place, name in enumerate(names)
    ]
    values = {"change": "deploy", "who": "ann", "why": "because", "at": START, "killed": killed, **more}
    return Deployment(problem="toy", revision=number, mode=mode, arms=tuple(arms), **values)
