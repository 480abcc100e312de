"""The parts of a watch, put together for one problem: chores, and the gauges that tell of them."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cli.acting import means
from cli.experimenting import open_means, write_page
from cli.indexing import refresh_index
from monitoring.alerts import resume
from monitoring.experiments.act import Means, follow
from monitoring.experiments.following import Following
from monitoring.experiments.guard import Guard
from monitoring.look import present
from monitoring.watching import Chore, ChoreCollector, Watching
from understudy.errors import MachineError
from understudy.problem import ProblemSpec, load_problem, parse_span
from understudy.records import Alert
from understudy.settings import Settings

if TYPE_CHECKING:
    from monitoring.alerts import Acting

FOLLOWED = 3.0
"""Times as seldom as the guard looks, experiments are followed: what they read is more."""
RESUMED = 60.0
"""Seconds after which what was left undone is taken up."""


@dataclass
class Tour:
    """What a watch goes round."""

    spec: ProblemSpec
    settings: Settings
    means: Means
    watching: Watching
    breaches: list[Alert] = field(default_factory=list)
    windows: "Windows | None" = None
    say: Callable[[str], object] = lambda _: None

    @cached_property
    def acting(self) -> "Acting":
        return means(self.spec, self.settings)

    @cached_property
    def _guard(self) -> Guard:
        stores, following = self.means, Following(self.means.ledger, self.spec)
        return Guard(self.spec, following, stores.deployments, stores.watch, self.settings, lambda: self.acting)

    def guard(self) -> None:
        """One look of the guard."""
        seen = self._guard.look()
        for alert in seen.alerts if seen else ():
            if alert.id not in {one.id for one in self.breaches} or alert.state != "done":
                self.say(f"{alert.state}: {alert.why} {alert.outcome.get('what', '')}".strip())
            self.breaches = [one for one in self.breaches if one.id != alert.id] + [alert]
            refresh_index(self.spec, self.settings)

    def experiments(self) -> None:
        """Follow whatever runs."""
        for one in self.means.watch.experiments(self.spec.name):
            if one.state == "running":
                followed, _ = follow(one, self.means)
                write_page(followed, self.spec, self.settings)
                if followed.state == "ended":
                    self.say(
                        f"{one.name} ended: {followed.verdict}. {followed.outcome.get('done', {}).get('what', '')}"
                    )

    def resume(self) -> None:
        """Take up alerts that were left undone, where there are any."""
        if self.means.watch.alerts(self.spec.name, 1, ("raised", "decided", "acting")):
            resume(self.acting)
            refresh_index(self.spec, self.settings)

    def json(self) -> dict[str, Any]:
        """What came of it."""
        return {
            "looks": next(chore.done for chore in self.watching.chores if chore.name == "guard"),
            "failed": {chore.name: chore.failed for chore in self.watching.chores},
            "breaches": [alert.model_dump(mode="json") for alert in self.breaches],
            "windows": self.windows.made if self.windows else 0,
        }

    def close(self) -> None:
        if self.windows:
            self.windows.close()


class Windows:
    """Monitors windows as they complete, in a process of its own: the guard does not wait for a flow."""

    def __init__(self, spec: ProblemSpec, stores: Means, settings: Settings) -> None:
        self._spec, self._stores, self._settings = spec, stores, settings
        self._process: subprocess.Popen[bytes] | None = None
        self._under_way: datetime | None = None
        self._done: datetime | None = None
        self.made = 0

    def look(self) -> None:
        """Start on the oldest complete window that was not watched yet, unless one is under way.

        Raises:
            MachineError: the newest one failed.
        """
        if self._process is not None:
            if self._process.poll() is None:
                return
            code, self._process = self._process.returncode, None
            if code:
                raise MachineError(
                    f"`understudy monitor` ended with {code}.",
                    f"Run `understudy monitor --problem {self._spec.name}` by hand to see why; it is tried again.",
                )
            self.made, self._done = self.made + 1, self._under_way
        until, now = self._next(), self._stores.ledger.clock(self._spec.name)
        if until is not None and now is not None and until <= now:
            self._under_way = until
            command = [sys.executable, "-P", "-m", "cli.main", "monitor", "--problem", self._spec.name]
            root = {"UNDERSTUDY_ROOT": str(self._settings.root), "UNDERSTUDY_HOME": str(self._settings.home)}
            self._process = subprocess.Popen(  # noqa: S603
                [*command, "--until", until.isoformat()],
                env={**os.environ, **root},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )

    def close(self) -> None:
        """End what is under way; the next watch does it again."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(30)

    def _next(self) -> datetime | None:
        """End of the window after the newest one; the first ends a span after the midnight before all predictions.

        Looks of another length, by ``--dry-run``, or at what has not come yet, stand for none of these windows.
        """
        span = parse_span(self._spec.monitoring.window)
        # What was done here counts also where a dry look as of a later moment hides it.
        if ends := [end for end in (self._newest(span), self._done) if end is not None]:
            return max(ends) + span
        first = next(iter(self._stores.ledger.read(self._spec.name, chunk=1)), None)
        if not first:
            return None
        began: datetime = first[0]["event_time"] or first[0]["at"]
        return began - timedelta(seconds=(began - datetime(1970, 1, 1)).total_seconds() % 86_400) + span

    def _newest(self, span: timedelta) -> datetime | None:
        """End of the newest window that was looked at for real."""
        now, reach = present(self._stores.ledger, self._spec.name), 1
        while True:
            seen = self._stores.watch.snapshots(self._spec.name, reach, now, span)
            found = next((one.until for one in seen if not one.dry), None)
            if found is not None or len(seen) < reach:
                return found
            reach *= 10


def open_tour(problem: str, settings: Settings, every: float, windows: bool) -> Tour:
    """Nothing is contacted yet.

    Raises:
        SpecError: there is no such problem.
    """
    spec = load_problem(settings.problems, problem)
    stores = open_means(spec, settings)
    tour = Tour(spec, settings, stores, Watching((), print))
    tour.windows = Windows(spec, stores, settings) if windows else None
    chores = [
        Chore("guard", every, tour.guard),
        Chore("experiments", FOLLOWED * every, tour.experiments),
        Chore("alerts", RESUMED, tour.resume),
    ]
    if tour.windows:
        chores.append(Chore("windows", FOLLOWED * every, tour.windows.look))
    tour.watching.chores = chores
    return tour


@contextmanager
def gauges(tour: Tour, settings: Settings, place: tuple[str, int]) -> Iterator[str]:
    """Serve the watch log's figures, and how the watch itself goes, at an address and port while the block runs.

    Raises:
        MachineError: the port is taken.
    """
    from prometheus_client import CollectorRegistry, start_http_server

    from monitoring.exporter import WatchCollector
    from understudy.adapters import open_ledger, open_watch_log

    host, port = place
    registry = CollectorRegistry()
    registry.register(WatchCollector(open_watch_log(settings), open_ledger(settings), [tour.spec]))
    registry.register(ChoreCollector(tour.watching))
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise MachineError(
            f"The watch cannot listen on {host}:{port}: {error.strerror}.",
            "Give another --port, or 0 for a free one.",
        ) from error
    try:
        yield f"http://{host}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
