"""What shadows cost live answers: one that is well, one that is ten times slower, one that raises and one that hangs.

One server on one core, the load on another, at a fixed rate: the one that keeps the server's process busy for half of
the time without a shadow. Every round measures each case once, in an order of its own, on the same server: its
deployment is changed in between. Each round runs twice without a shadow: a case's p99 is compared with theirs of the
same round, so that a machine whose speed drifts does not matter, and the median over the rounds is the ratio, so that a
round in which it stood still does not either; its interval is bootstrapped over the rounds. What the second run without
a shadow is to the first says how far ratios go astray by chance. The server's own processor time for each request is
compared in the same way. A third run without a shadow has a process beside it that has nothing to do with the server
and works as a hanging shadow does: a virtual machine may pay for one busy core with time of the other. Once the
shadows' process may use every core, once it shares the server's and once the load generator's: there it never runs in
the server's place, and costs the generator's own waiting and what two cores share. A shadow hangs for the first of the
seconds that are measured; then it is killed, its process is started anew, and it is left alone.

The ledger lies where temporary files do: ``TMPDIR`` on a file system in memory takes the disk's own waits, which on a
shared machine vary more than what is measured here, out of the figures.

Usage: ``python -m benchmarks.shadow [--rounds 24]``. Writes ``benchmarks/results/shadow-<problem>.json``.
"""

import argparse
import asyncio
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
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
from benchmarks.workspace import ROOT, cores
from serving.settings import ServingSettings
from serving.shadow.process import stand_back
from understudy.bundle import Bundle
from understudy.files import write_json
from understudy.statistics.metrics import Array

NONE, AGAIN, SPINS, WELL, SLOWER, RAISES, HANGS = (
    "no shadow", "no shadow, again", "none, but spinning", "one shadow", "ten times slower", "raises", "hangs",
)  # fmt: skip
SPINNING = "while True: pass"
CONNECTIONS = 16
PATIENCE = 30.0
"""Seconds that the server has to take a deployment."""
SETTLE = 1.5
"""Seconds that a shadow has to be loaded before it is measured, and a hanging one to be gone."""
BUSY = 0.5
"""Share of the time that the server's process works at the rate offered, without a shadow."""
RESAMPLES = 1_000


@dataclass
class Case:
    """What was seen of one kind of shadow, round by round."""

    outcomes: list[Outcome] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    """Processor time of the server's process for each request, in seconds."""
    became: Counter[str] = field(default_factory=Counter)
    """Rows by what became of them in the shadow."""

    @property
    def latencies(self) -> list[Array]:
        """Milliseconds, round by round."""
        return [np.array(one.latencies) * 1000 for one in self.outcomes]

    @property
    def p99(self) -> list[float]:
        """Milliseconds, round by round."""
        return [float(np.quantile(one, 0.99)) for one in self.latencies]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--problem", default="flights")
    parser.add_argument("--moment", default=MOMENT)
    parser.add_argument("--rounds", type=int, default=24)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--workspace", type=Path, help="a checkout where the problem is trained already")
    given = parser.parse_args()
    console = Console()
    server_core, load_core = two_cores()
    every = sorted(os.sched_getaffinity(0)) if load_core is not None else []
    if load_core is not None:
        os.sched_setaffinity(0, {load_core})
    with trained(given.workspace, given.problem, console) as workspace, tempfile.TemporaryDirectory() as scratch:
        contenders = Contenders(workspace, given.problem, given.moment, server_core)
        kinds = _kinds(contenders.bundle, Path(scratch))
        places = {"on any core": every}
        if server_core is not None and load_core is not None:
            places |= {"on the server's core": [server_core], "on the load's core": [load_core]}
        record: dict[str, Any] = {"problem": given.problem, "cores": cores(), "connections": CONNECTIONS, "places": {}}
        for place, allowed in places.items():
            name = f"shadow {place}".replace("'", "")
            limits = {"UNDERSTUDY_SERVING_SHADOW_TIME": "1", "UNDERSTUDY_SERVING_SHADOW_CORES": str(allowed)}
            with contenders.own(name, shadow=False, ledger=True, **limits) as contender:
                course = _Course(contenders, contender, kinds, allowed, given.seconds, console)
                cases = course.run(given.rounds)
            record["places"][place] = {"rate": round(course.rate, 1), "cases": _figures(cases)}
            console.print(_table(place, course.rate, record["places"][place]["cases"]))
    path = write_json(ROOT / "benchmarks" / "results" / f"shadow-{given.problem}.json", record)
    console.print(f"Written to {path.relative_to(ROOT)}")


def _kinds(bundle: Bundle, folder: Path) -> dict[str, tuple[Bundle, ...]]:
    return {
        NONE: (),
        AGAIN: (),
        SPINS: (),
        WELL: (bundle,),
        SLOWER: (slower(bundle, 10, folder / "slower"),),
        RAISES: (raising(bundle, folder / "raises"),),
        HANGS: (slower(bundle, FOREVER, folder / "hangs"),),
    }


class _Course:
    """One server, measured with one kind of shadow after the other."""

    def __init__(
        self,
        contenders: Contenders,
        contender: Contender,
        kinds: Mapping[str, tuple[Bundle, ...]],
        cores: Collection[int],
        seconds: float,
        console: Console,
    ) -> None:
        self.contenders, self.contender, self.kinds, self.cores = contenders, contender, kinds, cores
        self.seconds, self.console = seconds, console
        self.order = random.Random(0)  # noqa: S311
        self.rate = self._half_busy()

    def run(self, rounds: int) -> dict[str, Case]:
        cases = {name: Case() for name in self.kinds}
        with self.console.status("measuring") as status:
            for number in range(rounds):
                for name in self.order.sample(list(cases), len(cases)):
                    status.update(f"{self.contender.name}, round {number + 1} of {rounds}: {name}")
                    self._measure(name, cases[name])
        return cases

    def _half_busy(self) -> float:
        """Requests a second; found in steps, since work for each request falls as they come closer together."""
        rate = run_on_uvloop(closed_loop(self.contender.target, CONNECTIONS, self.seconds)).rate / 4
        process = psutil.Process(self.contender.server.pid)
        for _ in range(4):
            process.cpu_percent()
            run_on_uvloop(self._offered(rate))
            rate *= BUSY / (process.cpu_percent() / 100)
        return rate

    def _offered(self, rate: float) -> Coroutine[Any, Any, Outcome]:
        return open_loop(self.contender.target, rate, 4 * CONNECTIONS, self.seconds)

    def _measure(self, name: str, case: Case) -> None:
        revision = self.contenders.shadow(self.contender.name, *self.kinds[name])
        end = time.monotonic() + PATIENCE
        while self._read("/healthz/ready")["revision"] != revision:
            if time.monotonic() > end:
                raise SystemExit(f"The server did not take revision {revision} ({name}) in {PATIENCE:.0f} s.")
            time.sleep(0.05)
        time.sleep(SETTLE)
        before, process = self._counted(), psutil.Process(self.contender.server.pid)
        worked = _worked(process)
        with _spinning(self.cores) if name == SPINS else nullcontext():
            outcome = run_on_uvloop(self._offered(self.rate))
        case.busy.append((_worked(process) - worked) / len(outcome.latencies))
        case.outcomes.append(outcome)
        became = self._counted() - before
        if name in (WELL, SLOWER) and not became["scored"]:
            raise SystemExit(f"{self.contender.name}: the shadow ({name}) scored nothing: {dict(became)}.")
        case.became.update(became)

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


@contextmanager
def _spinning(allowed: Collection[int]) -> Iterator[None]:
    """A process that is started as a server's shadows are, works without end, and has nothing else to do with it."""
    settings = ServingSettings(shadow_cores=tuple(allowed))
    with subprocess.Popen([sys.executable, "-c", SPINNING], start_new_session=True) as process:  # noqa: S603
        asyncio.run(stand_back(process.pid, settings))
        try:
            yield
        finally:
            process.kill()


def _worked(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _figures(cases: Mapping[str, Case]) -> dict[str, Any]:
    figures = {}
    for name, case in cases.items():
        everything = np.concatenate(case.latencies)
        alone = [cases[NONE]] if name in (NONE, AGAIN) else [cases[NONE], cases[AGAIN]]
        ratio, low, high = _ratio(case.p99, [one.p99 for one in alone])
        figures[name] = {
            "p50_ms": round(float(np.quantile(everything, 0.5)), 3),
            "p99_ms": round(float(np.quantile(everything, 0.99)), 3),
            "p99_to_none": ratio,
            "p99_to_none_interval": (low, high),
            "processor_time_to_none": _ratio(case.busy, [one.busy for one in alone])[0],
            "failed": sum(
                one.broken + one.unsent + sum(one.statuses.values()) - one.statuses[200] for one in case.outcomes
            ),
            "became": dict(sorted(case.became.items())),
            "rounds": [one.figures() for one in case.outcomes],
        }
    return figures


def _ratio(case: Sequence[float], alone: Sequence[Sequence[float]]) -> tuple[float, float, float]:
    """Median over rounds of the ratio to the geometric mean of ``alone``, and its 95 % bootstrap interval."""
    apart = np.log(case) - np.log(alone).mean(axis=0)
    drawn = np.random.default_rng(0).choice(apart, size=(RESAMPLES, len(apart)))
    found = np.exp([np.median(apart), *np.quantile(np.median(drawn, axis=1), (0.025, 0.975))])
    ratio, low, high = (round(float(value), 3) for value in found)
    return ratio, low, high


def _table(place: str, rate: float, figures: Mapping[str, Any]) -> Table:
    table = Table(title=f"Shadows {place}, {rate:,.0f} requests/s offered")
    for name in ("shadow", "p50 ms", "p99 ms", "p99 ratio", "95 % interval", "server's work", "rows"):
        table.add_column(name, justify="left" if name in ("shadow", "rows") else "right")
    for name, of in figures.items():
        low, high = of["p99_to_none_interval"]
        became = ", ".join(f"{count:,} {what}" for what, count in of["became"].items())
        table.add_row(
            name,
            f"{of['p50_ms']:.1f}",
            f"{of['p99_ms']:.1f}",
            f"{of['p99_to_none']:.2f}",
            f"{low:.2f} to {high:.2f}",
            f"{of['processor_time_to_none']:.2f}",
            became,
        )
    return table


if __name__ == "__main__":
    main()
