"""``understudy monitor``: a window of live traffic, measured from all sides, recorded, and acted on."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.answer import Answer, near
from cli.environment import prepare
from cli.indexing import refresh_index
from cli.moments import moment

if TYPE_CHECKING:
    from datetime import datetime

    from monitoring.look import Look
    from monitoring.snapshot import Stores, Watched
    from understudy.problem import ProblemSpec
    from understudy.records import Alert, Snapshot
    from understudy.settings import Settings

Problem = Annotated[str, typer.Option(help="Name of the problem, as `understudy problems` lists it.")]
HEADLINES = ("quality.cost", "quality.brier", "quality.roc_auc", "estimate.cost", "drift.score", "skew.rows")


def monitor(
    problem: Problem,
    window: Annotated[str | None, typer.Option(help="Length, as in 7d; default: the problem's own.")] = None,
    as_of: Annotated[
        str | None,
        typer.Option(help="Moment of the look, by the problem's clock (UTC); default: after its newest prediction."),
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="End of the window, where labels that came later shall count.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Decide on alerts, and take no action.")] = False,
) -> Answer:
    """Look at a window of predictions: data, skew, drift, quality and service; record it, raise alerts, act on them.

    Exits with 0 whatever was found; `alerts` says what calls for action.
    """
    settings = prepare()
    from dataclasses import replace

    from monitoring.look import looks_at
    from understudy.problem import load_problem

    spec = load_problem(settings.problems, problem)
    if dry_run:
        spec = spec.model_copy(update={"monitoring": spec.monitoring.model_copy(update={"dry_run": True})})
    stores = open_stores(settings)
    looks = looks_at(spec, stores.ledger, window, _moment(as_of), _moment(until))
    watched = [watch_window(replace(look, dry=dry_run), stores, settings) for look in looks]
    longer = [_value(one) for one in watched[1:]]
    return Answer(_value(watched[0]) | {"longer": longer}, [line for one in watched for line in _shown(one)])


def open_stores(settings: "Settings") -> "Stores":
    """The stores that the settings name; nothing is contacted yet."""
    from monitoring.snapshot import Stores
    from understudy.adapters import (
        open_bundle_store,
        open_deployment_log,
        open_feature_store,
        open_ledger,
        open_watch_log,
    )

    return Stores(
        open_ledger(settings),
        open_deployment_log(settings),
        open_watch_log(settings),
        open_bundle_store(settings),
        open_feature_store(settings),
    )


def watch_window(look: "Look", stores: "Stores", settings: "Settings") -> "Watched":
    """Examine a window under Prefect, record it with its alerts, act on them, and write its page."""
    from rich.console import Console
    from rich.status import Status

    from monitoring.flows import under_prefect
    from monitoring.snapshot import Examination

    with Status("reading the ledger", console=Console(stderr=True)) as status:
        examination = Examination(look, stores, settings)
        recorder = _recorder(look.spec, settings)
        watched = under_prefect(examination, recorder, lambda share, words: status.update(f"{share:4.0%}  {words}"))
        refresh_index(look.spec, settings)
        return watched


def _recorder(spec: "ProblemSpec", settings: "Settings") -> Callable[["Snapshot"], tuple["Alert", ...]]:
    from functools import partial

    from cli.acting import means
    from monitoring.alerts import handle

    return partial(handle, acting=means(spec, settings))


def _moment(said: str | None) -> "datetime | None":
    return None if said is None else moment(said)


def _value(watched: "Watched") -> dict[str, Any]:
    return {
        **watched.snapshot.model_dump(mode="json", exclude={"details"}),
        "alerts": [alert.model_dump(mode="json") for alert in watched.alerts],
        "page": str(watched.page),
        "seconds": watched.seconds,
    }


def _shown(watched: "Watched") -> list[Any]:
    from rich.table import Table

    from monitoring.pages.figures import number
    from monitoring.pages.headline import headline, is_past

    snapshot = watched.snapshot
    shown = [one for one in snapshot.readings if one.name in HEADLINES or (is_past(one) and one.value is not None)]
    table = Table("reading", "value", "interval", "limit", "rows", box=None, header_style="bold")
    for one in shown:
        ends = f"{number(one.low)} to {number(one.high)}" if one.low is not None else ""
        limit = "" if one.limit is None else number(one.limit)
        table.add_row(one.name, number(one.value), ends, limit, f"{one.rows:,}", style="red" if is_past(one) else None)
    window = f"{snapshot.problem}, {snapshot.since:%Y-%m-%d %H:%M} to {snapshot.until:%Y-%m-%d %H:%M} (UTC)"
    lines = [f"{alert.state}: {alert.subject}, rule {alert.rule}. {alert.why}" for alert in watched.alerts]
    return [window, headline(snapshot, watched.alerts), table, *lines, f"Open {near(watched.page)}."]
