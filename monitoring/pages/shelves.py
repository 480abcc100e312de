"""What stands in the index: pages of each kind, newest first, each with how it ended."""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from monitoring.alerts.dry import told_once
from monitoring.pages.figures import count, moment
from monitoring.pages.headline import headline
from understudy.files import read_json
from understudy.ports import WatchLog
from understudy.records import Alert, Experiment, Snapshot

VERDICTS = {"promote": "good", "stop_harm": "bad", "invalid": "bad"}
ADVICE = {"promote to canary": "good", "drop": "bad"}


@dataclass(frozen=True)
class Entry:
    """One page in the list; ``href`` is relative to the index, and empty for what has no page yet."""

    title: str
    href: str
    verdict: str = ""
    tone: str = "quiet"
    """``good``, ``bad``, ``quiet``, or empty for what is neither."""
    what: str = ""
    more: tuple[tuple[str, str], ...] = ()
    """Names and addresses of pages that belong to it."""


@dataclass(frozen=True)
class Shelf:
    """Pages of one kind, newest first."""

    anchor: str
    title: str
    lead: str
    entries: tuple[Entry, ...]


def shelves_of(folder: Path, snapshots: Sequence[Snapshot], alerts: Sequence[Alert], log: WatchLog) -> Iterator[Shelf]:
    """Everything below the folder of a problem's reports.

    Raises:
        StoreError: the watch log cannot be reached.
    """
    windows = (*_windows(folder, snapshots, alerts), *_unrecorded(folder, snapshots))
    yield Shelf("windows", "Windows", "Live traffic, looked at window by window.", windows)
    yield Shelf("incidents", "Incidents", "What alerts found, and what came of it.", _incidents(folder))
    yield Shelf("guard", "Guard", "What was taken out for the harm it did.", tuple(_guarded(folder, alerts)))
    experiments = _experiments(folder, log)
    yield Shelf("experiments", "Experiments", "Planned before they started.", experiments)
    yield Shelf("shadows", "Shadows", "Versions that rehearse on the same requests.", tuple(_shadows(folder)))
    yield Shelf("bandits", "Bandits", "Traffic that follows the rewards.", tuple(_bandits(folder)))
    yield Shelf("training", "Training", "How a champion was judged before it served.", _training(folder))


def _windows(folder: Path, snapshots: Sequence[Snapshot], alerts: Sequence[Alert]) -> Iterator[Entry]:
    for snapshot in snapshots:
        page = folder / "windows" / Path(snapshot.report).name
        if not snapshot.report or not page.is_file():
            continue
        mine = raised_in(snapshot, alerts)
        standing = standing_in(snapshot, alerts)
        verdict, tone = _stands(snapshot, mine, standing)
        evidently = folder / "windows" / str(snapshot.details.get("drift", {}).get("evidently", ""))
        more = (("Evidently", _href(folder, evidently)),) if evidently.is_file() else ()
        title = f"{moment(snapshot.since)} to {moment(snapshot.until)}"
        yield Entry(title, _href(folder, page), verdict, tone, headline(snapshot, mine, standing), more)


def _unrecorded(folder: Path, snapshots: Sequence[Snapshot]) -> Iterator[Entry]:
    """Pages whose window the log no longer holds, and Evidently pages that no window names."""
    listed = {Path(snapshot.report).name for snapshot in snapshots}
    listed |= {str(snapshot.details.get("drift", {}).get("evidently", "")) for snapshot in snapshots}
    for page in _newest(folder / "windows"):
        if page.name not in listed:
            yield Entry(page.stem, _href(folder, page))


def raised_in(snapshot: Snapshot, alerts: Sequence[Alert]) -> list[Alert]:
    return told_once([one for one in alerts if (one.since, one.until) == (snapshot.since, snapshot.until)])


def standing_in(snapshot: Snapshot, alerts: Sequence[Alert]) -> list[Alert]:
    """Alerts of earlier windows whose reading was not back by the end of this one."""
    stood = [one for one in alerts if one.until < snapshot.until and one.state != "withheld"]
    return told_once([one for one in stood if one.ended_at is None or one.ended_at > snapshot.until])


def _stands(snapshot: Snapshot, mine: Sequence[Alert], standing: Sequence[Alert]) -> tuple[str, str]:
    """A window is calm if it was asked something, raised no alert, and none of an earlier one stood."""
    if any(alert.state != "withheld" for alert in mine):
        return count(len(mine), "alert"), "bad"
    if mine:
        return f"{len(mine)} withheld", "quiet"
    if not snapshot.rows:
        return "empty", "quiet"
    return (f"{len(standing)} standing", "") if standing else ("calm", "good")


def _incidents(folder: Path) -> tuple[Entry, ...]:
    found = []
    for page in _newest(folder / "incidents"):
        told = _beside(page)
        alert = told.get("alert", {})
        at = str(alert.get("until", ""))[:16].replace("T", " ")
        title, verdict = str(alert.get("subject", page.stem)), str(alert.get("action", ""))
        what = " ".join(filter(None, (at and f"Until {at}.", str(told.get("next_step", "")))))
        found.append((at, Entry(title, _href(folder, page), verdict, "bad" if verdict else "quiet", what)))
    return tuple(entry for _, entry in sorted(found, key=lambda pair: pair[0], reverse=True))


def _guarded(folder: Path, alerts: Sequence[Alert]) -> Iterator[Entry]:
    known = {alert.id: alert for alert in alerts}
    for page in _newest(folder / "guard"):
        alert = known.get(page.stem)
        if alert is None:
            yield Entry(page.stem, _href(folder, page))
        else:
            what = f"{moment(alert.until)}. {alert.outcome.get('what') or alert.why}"
            yield Entry(alert.subject, _href(folder, page), alert.action, "bad", what)


def _experiments(folder: Path, log: WatchLog) -> tuple[Entry, ...]:
    pages = {page.stem: _href(folder, page) for page in _newest(folder / "experiments")}
    known = log.experiments(folder.name)
    unknown = pages.keys() - {one.name for one in known}
    return (
        *(_experiment(one, pages.get(one.name, "")) for one in known),
        *(Entry(name, href) for name, href in pages.items() if name in unknown),
    )


def _experiment(one: Experiment, href: str) -> Entry:
    verdict = (one.verdict or one.state).replace("_", " ")
    return Entry(one.name, href, verdict, VERDICTS.get(one.verdict, "quiet"), one.why)


def _shadows(folder: Path) -> Iterator[Entry]:
    for page in _newest(folder / "shadows"):
        told = _beside(page)
        if not told:
            yield Entry(page.stem, _href(folder, page))
            continue
        title = f"{folder.name}/{told['shadow']} beside {folder.name}/{told['champion']}"
        what = f"{_days(told)}. {told['proof']['because']}"
        yield Entry(title, _href(folder, page), told["advice"], ADVICE.get(told["advice"], "quiet"), what)


def _bandits(folder: Path) -> Iterator[Entry]:
    for page in _newest(folder / "bandits"):
        told = _beside(page)
        if not told:
            yield Entry(page.stem, _href(folder, page))
            continue
        lead = max(told["beliefs"], key=lambda belief: belief["best"])
        what = f"{_days(told)}. {lead['arm']} is the best arm with {100 * lead['best']:.0f} % probability."
        verdict = count(len(told["warnings"]), "warning") if told["warnings"] else ""
        yield Entry(f"Revision {told['revision']}", _href(folder, page), verdict, "quiet", what)


def _training(folder: Path) -> tuple[Entry, ...]:
    return tuple(Entry(page.stem.replace("-", " "), _href(folder, page)) for page in _newest(folder / "training"))


def _days(told: dict[str, Any]) -> str:
    span = " to ".join(moment(datetime.fromisoformat(told[end])) for end in ("since", "until"))
    seen = told.get("as_of")
    return f"{span}, seen as of {moment(datetime.fromisoformat(seen))}" if seen and seen != told["until"] else span


def _newest(folder: Path) -> list[Path]:
    """Pages by name, the last first: names begin with a version or a moment. Version 10 comes after version 9."""
    return sorted(folder.glob("*.html"), key=lambda page: _natural(page.name), reverse=True)


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part or 0) if part.isdigit() else 0, part) for part in re.split(r"(\d+)", name)]


def _beside(page: Path) -> dict[str, Any]:
    """The figures that lie beside a page; none where they are missing or broken."""
    with suppress(OSError, ValueError):
        told = read_json(page.with_suffix(".json"))
        return told if isinstance(told, dict) else {}
    return {}


def _href(folder: Path, page: Path) -> str:
    return Path(os.path.relpath(page, folder)).as_posix()
