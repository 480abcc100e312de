"""From what was seen of a window, and of those before it, to the alerts it raises and those that it ends."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from monitoring.alerts.dry import counting, is_dry, rehearsed
from monitoring.alerts.passing import Judged, judged
from understudy.files import sha256_json
from understudy.problem import parse_span
from understudy.problem.monitoring import Rule
from understudy.records import Alert, Snapshot
from understudy.records.watch import AlertState

ACTED: tuple[AlertState, ...] = ("decided", "acting", "done", "failed")
"""States of alerts on which an action was decided."""
HARMLESS = "investigate"
"""The action that changes nothing: no cap holds for it, and several may be taken at once."""


@dataclass(frozen=True)
class Found:
    """What a window changes."""

    raised: tuple[Alert, ...]
    """By the order of the rules, and of each rule the furthest beyond its limit first."""
    ended: tuple[Alert, ...]
    """Alerts that stood, with the end of the window as their end."""


def find(
    snapshot: Snapshot,
    history: Sequence[Snapshot],
    alerts: Sequence[Alert],
    rules: Sequence[Rule],
    now: datetime,
    dry: bool = False,
) -> Found:
    """Hold a window against the rules.

    An alert belongs to a rule, a reading and a length of windows. The same window again gives the same alerts under the
    same ids. While an alert stands, it is not raised again before its reading was back within ``clears`` of the limit,
    with one exception: see ``_is_due``.

    Args:
        history: snapshots of the problem, newest first; those of later windows do not count.
        alerts: of the problem, in any order.
        now: by the machine's clock.
        dry: whether this is a dry run: its alerts count for no real look, and it ends none that is real.
    """
    stood = [one for one in alerts if one.ended_at is None and one.until <= snapshot.until and "rule" in one.evidence]
    over = [one for one in stood if _is_over(one, snapshot, rules) and (is_dry(one) or not dry)]
    counted, looks = counting(alerts, dry), (snapshot, *(history if dry else ()))
    standing = [one for one in counting(stood, dry) if not _is_gone(one, looks, snapshot.until, rules)]
    raised: list[Alert] = []
    for rule in (one for one in rules if _is_for(one, snapshot)):
        for found in _beyond(rule, snapshot, history, now):
            alert = rehearsed(found, alerts) if dry else found
            mine = [one for one in standing if _is_of(alert, one)]
            if not mine or alert.id in {one.id for one in mine} or _is_due(rule, alert, mine, counted):
                raised.append(alert)
    return Found(tuple(raised), tuple(one.model_copy(update={"ended_at": snapshot.until}) for one in over))


def alert_id(problem: str, rule: str, subject: str, snapshot: Snapshot) -> str:
    """One for each rule, reading, window and champion."""
    what = [problem, rule, subject, snapshot.since, snapshot.until, snapshot.digest]
    return f"{rule}-{sha256_json(what)[:12]}"


def length(alert: Alert) -> timedelta:
    """Of its window."""
    return alert.until - alert.since


def saw_the_same(one: Alert, other: Alert) -> bool:
    """Whether windows of two lengths share time in which a rule found the same of one version."""
    what, as_well = ((each.rule, each.subject, each.action, each.evidence.get("digest")) for each in (one, other))
    overlap = one.since < other.until and other.since < one.until
    return what == as_well and length(one) != length(other) and overlap


def in_a_row(snapshot: Snapshot, history: Sequence[Snapshot], number: int) -> tuple[Snapshot, ...]:
    """This window and those before it, at most ``number``, that do not overlap and follow upon each other.

    All are of one length and judge the same champion, and none is missing between two of them.
    """
    span, chain = snapshot.until - snapshot.since, [snapshot]
    older = [one for one in history if one.until - one.since == span and one.digest == snapshot.digest]
    for one in sorted(older, key=lambda each: each.until, reverse=True):
        if len(chain) < number and chain[-1].since - span < one.until <= chain[-1].since:
            chain.append(one)
    return tuple(chain[:number])


def _beyond(rule: Rule, snapshot: Snapshot, history: Sequence[Snapshot], now: datetime) -> Iterator[Alert]:
    chain = in_a_row(snapshot, history, rule.windows)
    if len(chain) < rule.windows:
        return
    found = []
    for name in (one.name for one in snapshot.readings if fnmatchcase(one.name, rule.signal)):
        seen = [judged(rule, each.reading(name)) for each in chain]
        if seen[0] and all(one and one.beyond for one in seen):
            found.append((seen[0], name))
    for here, name in sorted(found, key=lambda pair: (-pair[0].excess, pair[1])):
        yield Alert(
            id=alert_id(snapshot.problem, rule.name, name, snapshot),
            problem=snapshot.problem,
            rule=rule.name,
            subject=name,
            action=rule.action,
            since=snapshot.since,
            until=snapshot.until,
            raised_at=now,
            evidence=_evidence(rule, name, here, chain),
        )


def _evidence(rule: Rule, name: str, here: Judged, chain: Sequence[Snapshot]) -> dict[str, Any]:
    newest = chain[0]
    readings = [(each, each.reading(name)) for each in chain]
    return {
        "figure": here.figure,
        "limit": here.limit,
        "rule": rule.model_dump(mode="json"),
        "version": newest.version,
        "digest": newest.digest,
        "as_of": newest.as_of.isoformat(),
        "rows": newest.rows,
        "labelled": newest.labelled,
        "report": newest.report,
        "windows": [
            {"until": each.until.isoformat(), **reading.model_dump(mode="json", exclude={"name"})}
            for each, reading in readings
            if reading
        ],
    }


def _is_for(rule: Rule, snapshot: Snapshot) -> bool:
    return rule.window is None or parse_span(rule.window) == snapshot.until - snapshot.since


def _is_over(alert: Alert, snapshot: Snapshot, rules: Sequence[Rule]) -> bool:
    """Another version is judged now, or the reading is back in a window as long. One that says nothing ends nothing."""
    if alert.evidence.get("digest") != snapshot.digest:
        return alert.until < snapshot.until
    if length(alert) != snapshot.until - snapshot.since:
        return False
    rule = next((one for one in rules if one.name == alert.rule), None)
    here = judged(rule, snapshot.reading(alert.subject)) if rule else None
    return here is not None and here.back


def _is_gone(alert: Alert, looks: Sequence[Snapshot], until: datetime, rules: Sequence[Rule]) -> bool:
    """Whether one of the looks ended it. A dry run goes through earlier ones too: no dry one recorded a real end."""
    return any(_is_over(alert, one, rules) for one in looks if alert.until <= one.until <= until)


def _is_of(alert: Alert, one: Alert) -> bool:
    return (one.rule, one.subject, length(one)) == (alert.rule, alert.subject, length(alert))


def _is_due(rule: Rule, alert: Alert, standing: Sequence[Alert], alerts: Sequence[Alert]) -> bool:
    """Whether what stands is raised once more, because nothing, or long ago something, was done about it.

    An incident is opened once. What changes something is tried again when the rule's cooldown has passed, whatever
    the length of the windows: a retraining that was refused a month ago says little of today.
    """
    acted = [one for one in alerts if one.rule == rule.name and one.state in ACTED and one.until < alert.until]
    if rule.action == HARMLESS:
        if any(one.state in ACTED or "covered_by" in one.outcome for one in standing):
            return False
        acted = [one for one in acted if length(one) == length(alert)]
    elif any(saw_the_same(one, alert) and one.state != "failed" for one in acted):
        return False
    return all(alert.until - one.until >= parse_span(rule.cooldown) for one in acted)
