"""``understudy watch``: the guard, experiments and windows, looked at again and again."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.answer import Answer
from cli.environment import prepare
from cli.moments import seconds

if TYPE_CHECKING:
    from cli.watching import Tour
    from understudy.settings import Settings

Problem = Annotated[str, typer.Option(help="Name of the problem, as `understudy problems` lists it.")]
SHORTEST, LONGEST = 1.0, 86_400.0
"""Seconds between two looks of the guard."""


def watch(
    problem: Problem,
    every: Annotated[str, typer.Option(help="Time between two looks of the guard, as in 5s or 1m.")] = "5s",
    for_: Annotated[str | None, typer.Option("--for", help="End after this time, as in 10m; default: never.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of /metrics; 0 takes a free one.")] = 8002,
    host: Annotated[
        str, typer.Option(help="Address of /metrics; another than loopback where something shields it.")
    ] = "127.0.0.1",
    windows: Annotated[bool, typer.Option(help="Whether windows are monitored as they complete.")] = True,
) -> Answer:
    """Guard what has a share beside the champion, follow experiments, take up alerts, monitor complete windows.

    Serves gauges for Prometheus. Ends on SIGTERM or Ctrl-C, after what it is doing.
    """
    settings = prepare()
    from cli.watching import open_tour

    tour = open_tour(problem, settings, _pause(every), windows)
    _run(tour, settings, (host, port), seconds(for_) if for_ else None)
    value = {"problem": problem, **tour.json()}
    return Answer(value, [f"Ended: {value['looks']:,} looks, {len(value['breaches'])} breaches."])


def _pause(every: str) -> float:
    from understudy.errors import DataError

    found = seconds(every)
    if not SHORTEST <= found <= LONGEST:
        raise DataError(
            f"--every {every} is not between a second and a day.",
            "Write it as in 5s or 1m: more often tires the stores, more seldom guards nothing.",
        )
    return found


def _run(tour: "Tour", settings: "Settings", place: tuple[str, int], length: float | None) -> None:
    import signal
    import sys

    from cli.watching import gauges

    def say(text: str) -> None:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    def end(_number: int, _frame: Any) -> None:
        tour.watching.over.set()

    tour.say = tour.watching.say = say
    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with gauges(tour, settings, place) as address:
            say(f"Watching {tour.spec.name}; gauges at {address}/metrics")
            tour.watching.run(length)
    finally:
        tour.close()
        for number, handler in before.items():
            signal.signal(number, handler)
