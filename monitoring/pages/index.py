"""One page that leads to everything about a problem that people can look at, and one over all problems."""

from collections.abc import Sequence
from pathlib import Path

from monitoring.pages.environment import fill
from monitoring.pages.figures import moment
from monitoring.pages.headline import headline
from monitoring.pages.shelves import Entry, Shelf, raised_in, shelves_of, standing_in
from understudy.files import write_text
from understudy.ports import WatchLog
from understudy.records import Alert, Snapshot

NAME = "index.html"
MOST = 200
"""Windows and alerts that are listed."""


def write_index(home: Path, problem: str, title: str, log: WatchLog) -> Path:
    """Write the problem's index and the one over all problems, from what is there; returns the problem's.

    Raises:
        StoreError: the watch log cannot be reached.
    """
    folder = home / "reports" / problem
    snapshots, alerts = log.snapshots(problem, MOST), log.alerts(problem, MOST)
    shelves = [shelf for shelf in shelves_of(folder, snapshots, alerts, log) if shelf.entries]
    page = fill(
        "index.html",
        heading=title,
        kicker=problem,
        verdict=_verdict(snapshots, alerts),
        shelves=shelves,
        sections=[(shelf.anchor, f"{shelf.title} ({len(shelf.entries)})") for shelf in shelves],
        up=f"../{NAME}",
    )
    written = write_text(folder / NAME, page)
    write_overview(home)
    return written


def write_overview(home: Path) -> Path:
    """Write the page over all problems that have an index."""
    found = sorted((home / "reports").glob(f"*/{NAME}"))
    entries = tuple(Entry(page.parent.name, f"{page.parent.name}/{NAME}", what=_kinds(page.parent)) for page in found)
    shelves = [Shelf("problems", "Problems", "", entries)] if entries else []
    page = fill("index.html", heading="Reports", kicker="understudy", verdict="", shelves=shelves, sections=[], up=None)
    return write_text(home / "reports" / NAME, page)


def _verdict(snapshots: Sequence[Snapshot], alerts: Sequence[Alert]) -> str:
    if not snapshots:
        return "No window has been looked at yet."
    newest = snapshots[0]
    return f"Until {moment(newest.until)}: {headline(newest, raised_in(newest, alerts), standing_in(newest, alerts))}"


def _kinds(folder: Path) -> str:
    counts = {kind.name: len(list(kind.glob("*.html"))) for kind in sorted(folder.iterdir()) if kind.is_dir()}
    return ", ".join(f"{pages:,} in {name}" for name, pages in counts.items() if pages)
