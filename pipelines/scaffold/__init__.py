"""A problem from anyone's CSV or Parquet: types and roles guessed, leaks kept out, a YAML that trains as it stands."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipelines.ingest.file import read_file, reading_note
from pipelines.scaffold.inspect import Guess, guess_column
from pipelines.scaffold.leaks import Suspicion, find_suspects, twin_share
from pipelines.scaffold.request import Request, name_of, refuse_no_file, refuse_unfit
from pipelines.scaffold.roles import with_roles, without_leaks
from pipelines.scaffold.target import read_target
from pipelines.scaffold.times import Times, read_times
from pipelines.scaffold.write import Draft, add_problem
from understudy.errors import DataError
from understudy.settings import Settings

__all__ = ["Request", "Scaffold", "scaffold"]

TOLD = 0.01
"""Share of rows alike that is worth a warning; a few are alike by chance."""
MOST_TOLD_SINGLY = 5


@dataclass(frozen=True)
class Scaffold:
    """What was made of it."""

    name: str
    path: Path
    rows: int
    columns: tuple[Guess, ...]
    warnings: tuple[str, ...]


def scaffold(request: Request, settings: Settings) -> Scaffold:
    """Read the file, guess, warn, and write the problem.

    Raises:
        DataError: the file cannot be learned from as asked; nothing is written.
        SpecError: the problem's name is not valid or taken.
    """
    name = name_of(request)
    refuse_no_file(request.file)
    table = read_file(request.file)
    refuse_unfit(table, request)
    target = read_target(table[request.target], request.target, request.positive)
    times = read_times(table, request, target.y >= 0)
    guessed = [guess_column(column, table[column]) for column in table.column_names]
    guesses = with_roles(guessed, table.num_rows, target, request)
    order = None if times is None else np.argsort(times.values, kind="stable")
    suspects = find_suspects(guesses, table, target.y, request.target, order)
    guesses = without_leaks(guesses, suspects)
    _refuse_nothing_to_learn(guesses, request)
    draft = Draft(
        name=name,
        file=request.file,
        rows=table.num_rows,
        target=target,
        columns=tuple(guesses),
        allow=tuple(suspect.column for suspect in suspects if suspect.strong and not suspect.sure),
        set_aside=target.missing if times is None else int((~times.used).sum()),
        twins=twin_share(guesses, table),
        time_format=times.written if times else None,
        ahead=int(times.ahead.sum()) if times and not times.few_ahead else 0,
    )
    path = add_problem(draft, settings, request.force)
    said = [*reading_note(table, request.file.name), *_warnings(draft, suspects, request, times)]
    return Scaffold(name, path, table.num_rows, draft.columns, tuple(said))


def _refuse_nothing_to_learn(guesses: Sequence[Guess], request: Request) -> None:
    if not any(guess.role == "feature" for guess in guesses):
        raise DataError(
            f"{request.file.name} has no column to learn from beside {request.target!r}.",
            "Add columns that are known when the prediction is asked for, each filled in some rows.",
        )


def _warnings(draft: Draft, suspects: Sequence[Suspicion], request: Request, times: Times | None) -> list[str]:
    said = [f"{suspect.why} It is kept from the model (role leak)." for suspect in suspects if suspect.sure]
    said += _about_doubtful([suspect for suspect in suspects if not suspect.sure], draft.name)
    said += [guess.warning for guess in draft.columns if guess.warning]
    if draft.twins > TOLD:
        said.append(
            f"{draft.twins:.1%} of the rows equal another row in every feature. If they are copies, drop them: what was"
            " learned by heart would be asked again (probes.duplicate_share)."
        )
    said += [*_about_target(draft, request), *_about_groups_and_times(draft, request)]
    return said + (list(_about_future(times, draft.rows, str(request.time))) if times else [])


def _about_doubtful(suspects: Sequence[Suspicion], name: str) -> list[str]:
    todo = f"known only after the prediction, set role: leak in configs/problems/{name}.yaml."
    if len(suspects) <= MOST_TOLD_SINGLY:
        return [f"{suspect.why} It stays a feature; if it is {todo}" for suspect in suspects]
    columns = ", ".join(repr(suspect.column) for suspect in suspects)
    return [f"Each of {columns} looks as if it might leak. They stay features; look into them: where one is {todo}"]


def _about_target(draft: Draft, request: Request) -> Iterator[str]:
    if draft.target.missing:
        yield f"{draft.target.missing:,} rows lack the target {request.target!r}; they are set aside, not learned from."
    if draft.target.positive is not None and request.positive is None:
        yield f"The target: {draft.target.why}."


def _about_groups_and_times(draft: Draft, request: Request) -> Iterator[str]:
    if protected := [repr(guess.name) for guess in draft.columns if guess.protected]:
        yield f"Fairness is judged by {', '.join(protected)}; decide whether the model may read what is protected."
    times = [guess.name for guess in draft.columns if guess.kind == "time" and guess.role == "context"]
    if times and request.time is None:
        yield f"{times[0]!r} is a time: with --time {times[0]!r} the split follows time, as it will in use."


def _about_future(times: Times, rows: int, name: str) -> Iterator[str]:
    count = int(times.ahead.sum())
    said = f"{count:,} of {rows:,} rows lie in the future by {name!r}, although their outcome is known"
    if count and times.few_ahead:
        yield f"{said}: they are set aside (not_after: now), not learned from."
    elif count:
        yield (
            f"{said}. So many are learned from, and not_after is left out: nothing holds future times back. Look"
            f" whether {name!r} is the time of the event, and read rightly."
        )
