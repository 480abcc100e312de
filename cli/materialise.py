"""``understudy materialise``: the newest values of every view, for servers to look up."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.answer import Answer
from cli.environment import prepare

if TYPE_CHECKING:
    from pipelines.materialise import Materialised

Problem = Annotated[str, typer.Option(help="Name of the problem, as `understudy problems` lists it.")]


def materialise(
    problem: Problem,
    at: Annotated[str | None, typer.Option(help="Moment, as in 2013-11-01T12:00 (UTC); default: now.")] = None,
) -> Answer:
    """Compute every view as of a moment and publish it to the feature store, where servers find it."""
    settings = prepare()
    from pipelines.materialise import materialise as run
    from understudy.adapters import open_feature_store

    made = run(settings, problem, lambda: open_feature_store(settings), _moment(at))
    return Answer(_value(made), _shown(made))


def _moment(text: str | None) -> datetime | None:
    """
    Raises:
        DataError: it is not a time.
    """
    from understudy.errors import DataError

    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise DataError(f"{text!r} is not a time.", "Write it as in 2013-11-01T12:00, in UTC.") from error
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _value(made: "Materialised") -> dict[str, Any]:
    views = [{"view": name, "at": made.ticks[name].isoformat(), "keys": made.keys[name]} for name in made.ticks]
    return {"problem": made.problem, "at": made.at.isoformat(), "views": views, "empty": made.empty}


def _shown(made: "Materialised") -> list[Any]:
    from rich.table import Table

    if not made.ticks:
        return [f"{made.problem} has no views: there is nothing to publish."]
    table = Table("view", "as of (UTC)", "keys", box=None, header_style="bold")
    for name, tick in made.ticks.items():
        table.add_row(name, f"{tick:%Y-%m-%d %H:%M}", f"{made.keys[name]:,}")
    lines: list[Any] = [table, f"Published to the feature store of {made.problem}."]
    if made.empty and made.data_until:
        lines.append(
            f"No view knows anything at {made.at:%Y-%m-%d %H:%M}: the data ends at {made.data_until:%Y-%m-%d %H:%M}."
        )
        lines.append(f"`--at {made.data_until:%Y-%m-%dT%H:%M}` goes back to there.")
    return lines
