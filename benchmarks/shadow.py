"""What shadows cost live answers: one that is well, one that is ten times slower, one that raises and one that hangs.

One server on one core, the load on another, without a break and at a fixed rate: the one that keeps the server's
process busy for half of the time without a shadow. Meanwhile its deployment is changed every few seconds: none, a
shadow, none, the shadow. The p99 of a spell beside the shadow is divided by the p99 of the spell beside none that went
before it, so that a machine whose speed drifts does not matter much; the ratio is the geometric mean over such pairs,
without the fifth of them at either end, so that a moment in which the machine stood still does not either. Its interval
is bootstrapped over the pairs. (The p99 of all requests together would come from the few spells in which the machine
was slowest.) A spell begins when the server has taken the deployment, so it has all that the shadow does: the start of
its process, if need be, loading, hanging for one second, and being killed. With nothing in the place of the shadow the
same procedure says how far chance goes. What a shadow can do to an answer is compared as well, which chance has less of
a part in: the server's processor time for each request, and how long its threads waited for a core
(Linux only). Once the shadows' process shares the server's core, and once it may use every core: the load's as well, so
the load goes first there, at a real-time priority if the machine allows it. A client has a machine of its own, and its
waiting is not the server's.

The ledger lies where temporary files do: ``TMPDIR`` on a file system in memory takes the disk's own waits, which on a
shared machine vary more than what is measured here, out of the figures.

Usage: ``python -m benchmarks.shadow [--minutes 4] [--kinds hangs]``.
Writes ``benchmarks/results/shadow-<problem>.json``.
"""

import argparse
import asyncio
import os
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import numpy as np
import orjson
import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.contenders import MOMENT, Contender, Contenders, trained, two_cores
from benchmarks.difficult_models import FOREVER, raising, slower
from benchmarks.load import Outcome, closed_loop, open_loop, run_on_uvloop
from benchmarks.pairs import interval, ratio
from benchmarks.workspace import ROOT, cores
from understudy.bundle import Bundle
from understudy.files import write_json
from understudy.statistics.metrics import Array

NONE, WELL, SLOWER, RAISES, HANGS = "none as well", "one that is well", "ten times slower", "raises", "hangs"
KINDS = {"none": NONE, "well": WELL, "slower": SLOWER, "raises": RAISES, "hangs": HANGS}
CONNECTIONS = 16
SECONDS = 3.0
"""Of a run that finds the rate."""
SPELL = 5.0
"""Seconds of a spell with or without a shadow."""
SWITCH, PATIENCE = 1.5, 30.0
"""Seconds that the server takes a deployment in, and has to take it."""
BUSY = 0.5
"""Share of the time that the server's process works at the rate offered, without a shadow."""


@dataclass(frozen=True)
class Spell:
    """A time without a change of the deployment."""

    start: float
    """By ``time.perf_counter``."""
    end: float
    worked: float
    """Processor time of the server's process, in seconds."""
    waited: float
    """Seconds that its threads were ready to work and had no core."""


@dataclass(frozen=True)
class Case:
    """What was seen of one kind of shadow."""

    outcome: Outcome
    pairs: Sequence[tuple[Spell, Spell]]
    """Without and with the shadow, in turn."""
    became: Counter[str]
    """Rows by what became of them in the shadow."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--problem", default="flights")
    parser.add_argument("--moment", default=MOMENT)
    parser.add_argument("--minutes", type=float, default=4.0, help="for each kind of shadow in each place")
    parser.add_argument("--workspace", type=Path, help="a checkout where the problem is trained already")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS, metavar="KIND", help=", ".join(KINDS))
    given = parser.parse_args()
    console = Console()
    server_core, load_core = two_cores()
    places: dict[str, list[int]] = {}
    if server_core is not None and load_core is not None:
        places["the server's core"] = [server_core]
    places["any core"] = sorted(os.sched_getaffinity(0)) if load_core is not None else []
    if load_core is not None:
        os.sched_setaffinity(0, {load_core})
    record: dict[str, Any] = {"problem": given.problem, "cores": cores(), "connections": CONNECTIONS, "places": {}}
    with trained(given.workspace, given.problem, console) as workspace, tempfile.TemporaryDirectory() as scratch:
        contenders = Contenders(workspace, given.problem, given.moment, server_core)
        made = _made(contenders.bundle, Path(scratch))
        for place, allowed in places.items():
            limits = {"UNDERSTUDY_SERVING_SHADOW_TIME": "1", "UNDERSTUDY_SERVING_SHADOW_CORES": str(allowed)}
            name = f"shadow on {place}".replace("'", "")
            with contenders.own(name, shadow=False, ledger=True, **limits) as contender:
                course = _Course(contenders, contender, place, given.minutes, console)
                figures = {}
                for kind in (KINDS[name] for name in given.kinds):
                    figures[kind] = _figures(course.run(kind, made[kind]))
                    console.print(f"{kind}: {figures[kind]['p99_to_none']:.2f} times p99")
            record["places"][place] = {"rate": round(course.rate, 1), "cases": figures}
            console.print(_table(place, course.rate, figures))
    path = write_json(ROOT / "benchmarks" / "results" / f"shadow-{given.problem}.json", record)
    console.print(f"Written to {path.relative_to(ROOT)}")


def _made(bundle: Bundle, folder: Path) -> dict[str, tuple[Bundle, ...]]:
    return {
        NONE: (),
        WELL: (bundle,),
        SLOWER: (slower(bundle, 10, folder / "slower"),),
        RAISES: (raising(bundle, folder / "raises"),),
        HANGS: (slower(bundle, FOREVER, folder / "hangs"),),
    }


@contextmanager
def _going_first() -> Iterator[None]:
    """This thread, and those that it starts, go before whatever else shares their core; not the processes that run."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except (AttributeError, PermissionError):
        yield
        return
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


class _Course:
    """One server, measured with one kind of shadow after the other."""

    def __init__(
        self, contenders: Contenders, contender: Contender, place: str, minutes: float, console: Console
    ) -> None:
        self.contenders, self.contender, self.place = contenders, contender, place
        self.seconds, self.console = minutes * 60, console
        self.process = psutil.Process(contender.server.pid)
        self.rate = self._half_busy()

    def run(self, kind: str, shadows: Sequence[Bundle]) -> Case:
        with self.console.status(f"on {self.place}, {kind}: {self.seconds / 60:g} minutes"), _going_first():
            case = run_on_uvloop(self._run(shadows))
        if kind in (WELL, SLOWER) and not case.became["scored"]:
            raise SystemExit(f"On {self.place}, the shadow ({kind}) scored nothing: {dict(case.became)}.")
        return case

    def _half_busy(self) -> float:
        """Requests a second; found in steps, since work for each request falls as they come closer together."""
        rate = run_on_uvloop(closed_loop(self.contender.target, CONNECTIONS, SECONDS)).rate / 4
        for _ in range(4):
            self.process.cpu_percent()
            run_on_uvloop(open_loop(self.contender.target, rate, 4 * CONNECTIONS, SECONDS))
            rate *= BUSY / (self.process.cpu_percent() / 100)
        return rate

    async def _run(self, shadows: Sequence[Bundle]) -> Case:
        before = self._counted()
        switching = asyncio.create_task(asyncio.to_thread(self._switch, shadows))
        outcome = await open_loop(self.contender.target, self.rate, 4 * CONNECTIONS, self.seconds)
        last = max(outcome.due, default=0.0)
        pairs = [pair for pair in await switching if pair[1].end <= last]
        if not pairs:
            raise SystemExit(f"{self.seconds:.0f} s are too short for a spell without and one with a shadow.")
        return Case(outcome, pairs, self._counted() - before)

    def _switch(self, shadows: Sequence[Bundle]) -> list[tuple[Spell, Spell]]:
        """As many pairs as there is time for, while the load goes on."""
        pairs: list[tuple[Spell, Spell]] = []
        last = time.monotonic() + self.seconds - 2 * (SPELL + SWITCH)
        while not pairs or time.monotonic() < last:
            pairs.append((self._spell(), self._spell(*shadows)))
        self.contenders.shadow(self.contender.name)
        return pairs

    def _spell(self, *shadows: Bundle) -> Spell:
        revision = self.contenders.shadow(self.contender.name, *shadows)
        latest = time.monotonic() + PATIENCE
        while self._read("/healthz/ready")["revision"] != revision:
            if time.monotonic() > latest:
                raise SystemExit(f"The server did not take revision {revision} in {PATIENCE:.0f} s.")
            time.sleep(0.05)
        worked, waited, start = self._worked(), self._waited(), time.perf_counter()
        time.sleep(SPELL)
        end, since = time.perf_counter(), self._waited() - waited
        return Spell(start, end, self._worked() - worked, sum(since.values()) / 1e9)

    def _worked(self) -> float:
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def _waited(self) -> Counter[str]:
        """Nanoseconds by thread, of those that last."""
        waited: Counter[str] = Counter()
        for thread in Path(f"/proc/{self.process.pid}/task").glob("*/schedstat"):
            with suppress(OSError):
                waited[thread.parent.name] = int(thread.read_text().split()[1])
        return waited

    def _read(self, path: str) -> Any:
        with urlopen(self.contender.server.url + path, timeout=20) as answer:  # noqa: S310
            return orjson.loads(answer.read())

    def _counted(self) -> Counter[str]:
        with urlopen(self.contender.server.url + "/metrics", timeout=20) as answer:  # noqa: S310
            text = answer.read().decode()
        counted: Counter[str] = Counter()
        for what, labels, value in re.findall(r"^understudy_shadow_(\w+)_total(.*) (\S+)$", text, re.MULTILINE):
            reason = re.findall('reason="(.*?)"', labels)
            counted[": ".join([what, *reason])] += int(float(value))
        return counted


def _figures(case: Case) -> dict[str, Any]:
    pairs = [
        (_milliseconds(case.outcome, without), _milliseconds(case.outcome, beside)) for without, beside in case.pairs
    ]
    without, beside = (np.concatenate(side) for side in zip(*pairs, strict=True))
    p99 = [(float(np.quantile(first, 0.99)), float(np.quantile(second, 0.99))) for first, second in pairs]
    worked = [sum(spell.worked for spell in side) for side in zip(*case.pairs, strict=True)]
    waited = [
        sum(spell.waited for spell in side) / len(requests) * 1000
        for side, requests in zip(zip(*case.pairs, strict=True), (without, beside), strict=True)
    ]
    outcome = case.outcome
    return {
        "pairs": len(pairs),
        "p50_ms": [round(float(np.quantile(side, 0.5)), 3) for side in (without, beside)],
        "p99_ms": np.round(np.median(p99, axis=0), 3).tolist(),
        "p99_ms_together": [round(float(np.quantile(side, 0.99)), 3) for side in (without, beside)],
        "p99_to_none": round(ratio(p99), 3),
        "p99_to_none_interval": [round(bound, 3) for bound in interval(p99)],
        "processor_time_to_none": round(worked[1] / len(beside) / (worked[0] / len(without)), 3),
        "waited_ms_for_a_request": np.round(waited, 4).tolist(),
        "failed": outcome.broken + outcome.unsent + sum(outcome.statuses.values()) - outcome.statuses[200],
        "became": dict(sorted(case.became.items())),
        "p99_ms_by_pair": np.round(p99, 3).tolist(),
    }


def _milliseconds(outcome: Outcome, spell: Spell) -> Array:
    """Latencies of what fell due in the spell."""
    due = np.array(outcome.due)
    return np.array(outcome.latencies)[(spell.start <= due) & (due < spell.end)] * 1000


def _table(place: str, rate: float, figures: Mapping[str, Any]) -> Table:
    table = Table(title=f"Shadows on {place}, {rate:,.0f} requests/s offered")
    for name in ("shadow", "p50 ms", "p99 ms without", "with", "ratio", "95 % interval", "server's work", "rows"):
        table.add_column(name, justify="left" if name in ("shadow", "rows") else "right")
    for name, of in figures.items():
        low, high = of["p99_to_none_interval"]
        without, beside = of["p99_ms"]
        became = ", ".join(f"{count:,} {what}" for what, count in of["became"].items())
        table.add_row(
            name,
            f"{of['p50_ms'][1]:.1f}",
            f"{without:.2f}",
            f"{beside:.2f}",
            f"{of['p99_to_none']:.2f}",
            f"{low:.2f} to {high:.2f}",
            f"{of['processor_time_to_none']:.2f}",
            became,
        )
    return table


if __name__ == "__main__":
    main()
