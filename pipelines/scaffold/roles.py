"""Roles of the columns, once it is known what was asked for and which columns look like leaks."""

from collections.abc import Sequence
from dataclasses import replace

from pipelines.ingest import ROW_NUMBER
from pipelines.scaffold.inspect import Guess, id_of, unit_of
from pipelines.scaffold.leaks import Suspicion
from pipelines.scaffold.request import Request
from pipelines.scaffold.target import Target


def with_roles(guesses: Sequence[Guess], rows: int, target: Target, request: Request) -> list[Guess]:
    """Guesses with the roles that were asked for, an id for every row, and at most one unit."""
    named = [_as_asked(guess, target, request) for guess in guesses]
    numbered = next((guess.name for guess in named if guess.name == ROW_NUMBER), None)
    key = request.id or id_of(named, rows) or numbered
    unit = unit_of(named, rows)
    chosen = [_settled(guess, key, unit) for guess in named]
    if key is not None:
        return chosen
    return [Guess(ROW_NUMBER, "number", "id", "the place of the row in the file", distinct=rows), *chosen]


def without_leaks(guesses: Sequence[Guess], suspects: Sequence[Suspicion]) -> list[Guess]:
    """The same guesses, with role leak where a suspicion is sure."""
    why = {suspect.column: suspect.why for suspect in suspects if suspect.sure}
    return [replace(g, role="leak", why=f"suspected leak: {why[g.name]}") if g.name in why else g for g in guesses]


def _as_asked(guess: Guess, target: Target, request: Request) -> Guess:
    if guess.name == request.target:
        return replace(guess, kind=target.kind, role="target", why=target.why, protected=False, warning="")
    if guess.name == request.time:
        return replace(guess, kind="time", role="event_time", why="the time of the event, as told", warning="")
    if guess.name == request.id:
        return replace(guess, role="id", why="the id, as told", protected=False, warning="")
    return guess


def _settled(guess: Guess, key: str | None, unit: str | None) -> Guess:
    if guess.name == key and guess.role not in ("id", "target"):
        return replace(guess, role="id", why="tells every row apart", warning="")
    if guess.role == "unit" and guess.name != unit:
        return replace(guess, role="context", why="an id that repeats", warning="")
    return guess
