"""``understudy init``: a problem from anyone's file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.answer import Answer, near
from cli.environment import prepare

if TYPE_CHECKING:
    from pipelines.scaffold import Scaffold
    from pipelines.scaffold.inspect import Guess

SHOWN = 60


def init(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or Parquet, one row for each prediction.")],
    target: Annotated[str, typer.Option(help="Column to predict.")],
    time: Annotated[str | None, typer.Option(help="Column with the time of the event; the split follows it.")] = None,
    time_format: Annotated[
        str | None, typer.Option(help="How the time is written, as for strptime: '%d/%m/%Y'; else it is found out.")
    ] = None,
    row_id: Annotated[
        str | None, typer.Option("--id", help="Column that tells every row apart; else rows are numbered.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the problem; else from the file's name.")] = None,
    positive: Annotated[str | None, typer.Option(help="Value of the target to predict against the rest.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a problem of the same name.")] = False,
) -> Answer:
    """Make a problem from a CSV or Parquet file: guess types and roles, warn of leaks, write its YAML."""
    settings = prepare()
    from pipelines.scaffold import Request, scaffold

    made = scaffold(Request(file, target, time, row_id, name, positive, force, time_format), settings)
    value = {
        "name": made.name,
        "path": str(made.path),
        "rows": made.rows,
        "columns": [_described(guess) for guess in made.columns],
        "warnings": list(made.warnings),
        "next": f"understudy train --problem {made.name}",
    }
    return Answer(value, _shown(made, str(value["next"])))


def _described(guess: "Guess") -> dict[str, Any]:
    return {
        "name": guess.name,
        "kind": guess.kind,
        "role": guess.role or "left out",
        "why": guess.why,
        "missing": round(guess.missing, 4),
        "distinct": guess.distinct,
        "protected": guess.protected,
    }


def _shown(made: "Scaffold", following: str) -> list[Any]:
    from rich.table import Table
    from rich.text import Text

    table = Table("column", "kind", "role", "why", box=None, pad_edge=False, header_style="bold")
    for guess in made.columns[:SHOWN]:
        role = Text(guess.role or "left out", style="red" if guess.role == "leak" else "")
        table.add_row(Text(guess.name), guess.kind, role, Text(guess.why))
    more = len(made.columns) - SHOWN
    rest = [Text(f"and {more} more columns")] if more > 0 else []
    warnings = [Text(f"! {warning}", style="yellow") for warning in made.warnings]
    path = Text(f"\n{made.rows:,} rows. Wrote {near(made.path)}; look through it, then:\n  {following}")
    return [table, *rest, Text(), *warnings, path]
