"""``understudy replay``: recorded history, sent to a running server as it happened."""

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from cli.answer import Answer
from cli.environment import prepare
from cli.moments import moment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from rich.console import Console

    from pipelines.replay import Played, Replay
    from pipelines.replay.client import Tally
    from understudy.problem import ProblemSpec
    from understudy.settings import Settings

Problem = Annotated[str, typer.Option(help="Name of the problem, as `understudy problems` lists it.")]


def replay(
    problem: Problem,
    start: Annotated[str, typer.Option("--from", help="First moment of history, ISO 8601, UTC.")],
    end: Annotated[str, typer.Option("--to", help="First moment that no longer belongs to it.")],
    speed: Annotated[
        float | None, typer.Option(help="Seconds of history for each second; default: 3600 (an hour a second).")
    ] = None,
    at_most: Annotated[bool, typer.Option("--max", help="As fast as the server answers.")] = False,
    url: Annotated[str, typer.Option(help="The server.", envvar="UNDERSTUDY_URL")] = "http://127.0.0.1:8000",
    admin: Annotated[
        str, typer.Option(help="Its admin port; default: the one after the server's.", envvar="UNDERSTUDY_ADMIN_URL")
    ] = "",
    token: Annotated[str, typer.Option(help="Token of the admin port.", envvar="UNDERSTUDY_SERVING_ADMIN_TOKEN")] = "",
    connections: Annotated[int, typer.Option(min=1, max=256)] = 8,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            help="What goes wrong: null:COLUMN, scale:COLUMN=1.151, offset:COLUMN=-32, set:COLUMN=VALUE, "
            "set:COLUMN=VALUE@SHARE, clock:COLUMN=3h, stale:VIEW, slow:ARM=200ms."
        ),
    ] = None,
) -> Answer:
    """Send a span of recorded history to a running server, with features as time passes and labels as they landed."""
    settings = prepare()
    from pipelines.replay import Replay, parse_fault
    from understudy.errors import DataError
    from understudy.problem import load_problem

    if speed is not None and (at_most or speed <= 0):
        raise DataError(f"--speed {speed:g} cannot be.", "Give a speed above 0, or --max alone.")
    spec = load_problem(settings.problems, problem)
    wanted = Replay(
        problem=problem,
        start=moment(start),
        end=moment(end),
        url=url,
        admin=admin or _next_port(url),
        token=token,
        speed=None if at_most else (speed or 3600.0),
        connections=connections,
        faults=tuple(parse_fault(text, spec) for text in fault or ()),
    )
    played = _play(settings, spec, wanted)
    return Answer(played.json(), [_table(played)], code=int(played.tally.answered == 0))


def _next_port(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme or 'http'}://{parts.hostname or '127.0.0.1'}:{(parts.port or 8000) + 1}"


def _play(settings: "Settings", spec: "ProblemSpec", wanted: "Replay") -> "Played":
    import asyncio

    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    from pipelines.job import Job
    from pipelines.replay import play
    from pipelines.tables import validated_tables
    from understudy.adapters import open_feature_store

    console = Console(stderr=True)
    with _own_line(console), Live(Text("reading the history"), console=console, refresh_per_second=4) as live:

        def watch(at: "datetime", tally: "Tally") -> None:
            live.update(Text(_line(at, tally)))

        tables = validated_tables(Job(spec=spec, settings=settings))
        return asyncio.run(play(wanted, spec, settings.root, tables, open_feature_store(settings), watch))


@contextmanager
def _own_line(console: "Console") -> "Iterator[None]":
    """What comes afterwards starts on a line of its own; where there is no terminal, a live display leaves none."""
    try:
        yield
    finally:
        if not console.is_terminal:
            console.line()


def _line(at: "datetime", tally: "Tally") -> str:
    newest = tally.milliseconds[-2000:]
    median = sorted(newest)[len(newest) // 2] if newest else 0.0
    return (
        f"{at:%Y-%m-%d %H:%M}  {tally.answered:,} answered, {sum(tally.errors.values()):,} errors, "
        f"{sum(tally.labels.values()):,} labels, p50 {median:.1f} ms"
    )


def _table(played: "Played") -> Any:
    from rich.table import Table

    value = played.json()
    table = Table("", "", box=None, show_header=False)
    for name in ("from", "to", "seconds", "asked", "answered", "requests_per_second", "fallbacks"):
        table.add_row(name.replace("_", " "), str(value[name]))
    for name in ("errors", "arms", "labels", "latency_ms"):
        table.add_row(
            name.replace("_", " "), ", ".join(f"{key} {count}" for key, count in value[name].items()) or "none"
        )
    return table
