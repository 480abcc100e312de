"""``understudy predictions``: what was answered, and what came true."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cli.answer import Answer, answering, near
from cli.deployments import deployed_problems
from cli.environment import prepare

if TYPE_CHECKING:
    from understudy.ports import Ledger
    from understudy.settings import Settings

EXAMPLES = "Give a date (2013-11-01), a time (2013-11-01T06:00) or an age (90d, 12h)."
Of = Annotated[str | None, typer.Option("--problem", help="The problem; needed where there are several.")]
Since = Annotated[str | None, typer.Option(help="Only what was answered from then on: a date, a time (UTC) or an age.")]
Until = Annotated[str | None, typer.Option(help="Only what was answered before then.")]

SHORT = {
    "predictions": "count", "fallbacks": "fell\nback", "mean_score": "mean\nscore", "share_flagged": "share\nflagged",
}  # fmt: skip
"""Headings of figures, short enough that a table of millions fits into 80 columns."""

predictions_app = typer.Typer(no_args_is_help=True, help="Look at the ledger of predictions, export it, erase from it.")


def tail(problem: Of = None, number: Annotated[int, typer.Option("-n", min=1, help="How many.")] = 20) -> Answer:
    """Show the newest predictions."""
    with _ledger(problem) as (ledger, name):
        rows = ledger.tail(name, number)
    return Answer(rows, [_predictions(rows)] if rows else [f"No predictions of {name} yet."])


def stats(problem: Of = None, since: Since = None) -> Answer:
    """Count predictions, labels, fallbacks and errors of each version, arm and standing."""
    with _ledger(problem) as (ledger, name):
        rows = ledger.counts(name, _moment("since", since))
    return Answer(rows, [_counts(rows)] if rows else [f"No predictions of {name} yet."])


def export(
    to: Annotated[Path, typer.Option(help="The Parquet file to write.")],
    problem: Of = None,
    since: Since = None,
    until: Until = None,
) -> Answer:
    """Write predictions, with the labels that have come, to a Parquet file."""
    with _ledger(problem) as (ledger, name):
        from cli.exporting import export as write

        rows = write(ledger.read(name, _moment("since", since), _moment("until", until)), to)
    return Answer({"problem": name, "rows": rows, "file": str(to)}, [f"{rows:,} predictions of {name}: {near(to)}"])


def erase(
    unit: Annotated[str, typer.Option(help="The unit as it was sent; where the problem names none, the id.")],
    problem: Of = None,
) -> Answer:
    """Delete everything that is stored of one unit: its predictions, live and shadow, and their labels."""
    with _ledger(problem) as (ledger, name):
        gone = ledger.erase_unit(name, unit)
    return Answer({"problem": name, "unit": unit, "erased": gone}, [f"{gone:,} predictions of {name} erased."])


def retain(
    before: Annotated[str, typer.Option(help="Delete what was answered before then: a date, a time (UTC) or an age.")],
    problem: Of = None,
) -> Answer:
    """Delete old predictions with their labels."""
    moment = _moment("before", before)
    assert moment is not None  # noqa: S101
    with _ledger(problem) as (ledger, name):
        gone = ledger.retain(name, moment)
    value = {"problem": name, "before": moment.isoformat(), "deleted": gone}
    return Answer(value, [f"{gone:,} predictions of {name} from before {moment:%Y-%m-%d %H:%M} deleted."])


for command in (tail, stats, export, erase, retain):
    predictions_app.command(command.__name__)(answering(command))


@contextmanager
def _ledger(problem: str | None) -> "Iterator[tuple[Ledger, str]]":
    """The ledger, and the name of the problem that is meant."""
    settings = prepare()
    from understudy.adapters import open_ledger

    name = _meant(problem, settings)
    ledger = open_ledger(settings)
    try:
        yield ledger, name
    finally:
        ledger.close()


def _meant(problem: str | None, settings: "Settings") -> str:
    from cli.problems import known_problems
    from understudy.errors import SpecError

    known = known_problems(settings)
    if problem is None:
        meant = known if len(known) == 1 else tuple(deployed_problems(settings))
        if len(meant) == 1:
            return meant[0]
        which = "Several problems are" if meant else "No problem is"
        raise SpecError(f"{which} deployed here, and none was named.", f"Add --problem: {', '.join(meant or known)}.")
    if problem not in known and not (settings.problems / f"{problem}.yaml").is_file():
        raise SpecError(f"There is no problem called {problem!r}.", f"Known problems: {', '.join(known) or 'none'}.")
    return problem


def _moment(name: str, said: str | None) -> datetime | None:
    """A date, a time or an age as a moment, UTC without zone."""
    if said is None:
        return None
    from understudy.errors import RequestError
    from understudy.problem import parse_span

    try:
        moment = datetime.now(UTC) - parse_span(said) if said[-1:] in "mhdw" else datetime.fromisoformat(said)
    except (ValueError, OverflowError) as error:
        raise RequestError(f"--{name} {said} is no moment.", EXAMPLES, name) from error
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _predictions(rows: Sequence[dict[str, Any]]) -> Any:
    names = ("at", "id", "key", "arm", "version", "score", "decision", "label", "odd")
    table = _table(names)
    for row in rows:
        odd = [*row["flags"], *filter(None, (row["fallback"], row["error"]))]
        cells = [f"{row['at']:%Y-%m-%d %H:%M:%S}", row["id"], row["key"], _place(row), row["version"], row["score"]]
        table.add_row(*map(_shown, [*cells, row["decision"], row["label"], "; ".join(odd)]))
    return table


def _counts(rows: Sequence[dict[str, Any]]) -> Any:
    from rich.table import Table

    names = [name for name in rows[0] if name != "standing"]
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in names:
        is_arm = name == "arm"
        justify: Literal["left", "right"] = "left" if is_arm else "right"
        table.add_column(SHORT.get(name, name), justify=justify, no_wrap=not is_arm, overflow="fold")
    for row in rows:
        table.add_row(*(_shown(row[name] if name != "arm" else _place(row)) for name in names))
    return table


def _place(row: dict[str, Any]) -> str:
    return str(row["arm"]) if row["standing"] == "live" else f"{row['arm']} ({row['standing']})"


def _table(names: tuple[str, ...]) -> Any:
    from rich.table import Table

    return Table(*(name.replace("_", " ") for name in names), box=None, header_style="bold")


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
