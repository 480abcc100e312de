"""Which shadow is looked at, and since when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitoring.shadows.proof import PATIENCE
from monitoring.shadows.report import ShadowReport, shadow_report
from monitoring.window.read import read_window
from understudy.errors import DataError
from understudy.ports import Ledger
from understudy.problem import ProblemSpec, parse_span
from understudy.records import Deployment

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Wanted:
    """What to look at; what is left out is found."""

    version: int | None = None
    """The shadow's; the newest that was placed, unless given."""
    since: datetime | None = None
    """By the problem's clock; as many windows back as a shadow has to prove itself in, unless given."""
    until: datetime | None = None
    """First moment that is out; after the newest prediction, unless given."""
    as_of: datetime | None = None
    """Labels that landed later do not count; now by the problem's clock, unless given."""


def look_at_shadow(ledger: Ledger, history: Sequence[Deployment], spec: ProblemSpec, wanted: Wanted) -> ShadowReport:
    """The report of a shadow, beside the champion that it was placed with last.

    Args:
        history: deployments, newest first.

    Raises:
        DataError: there was no such shadow; there are no predictions; or the span is empty.
        StoreError: the ledger cannot be reached.
    """
    champion, shadow = _placed(history, spec, wanted.version)
    clock = ledger.clock(spec.name)
    if clock is None:
        raise DataError(
            f"No predictions of {spec.name} are in the ledger, so no shadow has said anything.",
            f"`understudy serve --problem {spec.name}` makes them, and `understudy replay` sends it history.",
        )
    now = clock.replace(second=0, microsecond=0) + MINUTE
    until = wanted.until or now
    since = wanted.since or until - PATIENCE * parse_span(spec.monitoring.window)
    _check(since, until, clock, spec)
    window = read_window(ledger, spec, since, until, wanted.as_of or max(until, now))
    return shadow_report(window, spec, champion, shadow, history)


def _check(since: datetime, until: datetime, clock: datetime, spec: ProblemSpec) -> None:
    if since >= until:
        raise DataError(
            f"The span begins {since:%Y-%m-%d %H:%M}, and ends {until:%Y-%m-%d %H:%M}: nothing lies in it.",
            "Let --since be before --until, which is the end of the ledger unless given.",
        )
    if since > clock:
        raise DataError(
            f"The span begins {since:%Y-%m-%d %H:%M}, and no prediction of {spec.name} is that new: "
            f"the newest is of {clock:%Y-%m-%d %H:%M}.",
            "Let --since be earlier, by the problem's clock.",
        )


def _placed(history: Sequence[Deployment], spec: ProblemSpec, version: int | None) -> tuple[int, int]:
    """Versions of the champion and of the shadow."""
    for past in history:
        for shadow in past.shadows:
            if version in (None, shadow.version):
                return past.champion.version, shadow.version
    which = f"{spec.name}/{version} was no shadow" if version else f"{spec.name} has had no shadow"
    raise DataError(f"{which} yet.", "`understudy deploy VERSION --mode shadow` places one.")
