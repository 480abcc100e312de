"""``understudy alerts``: what was found, why it was acted on or not, and what came of it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.answer import Answer, answering, near
from cli.deployments import deployed_problems
from cli.environment import prepare
from cli.indexing import refresh_index

if TYPE_CHECKING:
    from understudy.problem import ProblemSpec
    from understudy.records import Alert
    from understudy.settings import Settings

Of = Annotated[str | None, typer.Option("--problem", help="The problem; needed where several are deployed.")]
STATES = ("raised", "withheld", "decided", "acting", "done", "failed")
REACH = 5000
"""Alerts back to which the list looks."""
COLOURS = {"failed": "red", "acting": "yellow", "decided": "yellow", "withheld": "dim"}

alerts_app = typer.Typer(no_args_is_help=True, help="Look at alerts, and take up those that were left undone.")


def list_(
    problem: Of = None,
    state: Annotated[list[str] | None, typer.Option(help=f"Only these: {', '.join(STATES)}.")] = None,
    standing: Annotated[bool, typer.Option("--standing", help="Only those whose reading is not back yet.")] = False,
    covered: Annotated[bool, typer.Option("--all", help="Also those that another alert's incident covers.")] = False,
    number: Annotated[int, typer.Option("-n", min=1, help="How many.")] = 20,
) -> Answer:
    """List alerts, newest first."""
    settings = prepare()
    from understudy.adapters import open_watch_log
    from understudy.errors import UnderstudyError

    if wrong := sorted(set(state or ()) - set(STATES)):
        raise UnderstudyError(f"There is no state {wrong[0]!r}.", f"The states: {', '.join(STATES)}.")
    name = _problem(problem, settings)
    found = open_watch_log(settings).alerts(name, REACH, state or ())
    standing_ones = [alert for alert in found if alert.ended_at is None or not standing]
    kept = [alert for alert in standing_ones if covered or "covered_by" not in alert.outcome][:number]
    shown = [_table(kept)] if kept else [f"No alerts of {name}."]
    return Answer([alert.model_dump(mode="json") for alert in kept], shown)


def show(alert: Annotated[str, typer.Argument(metavar="ID", help="The alert, as `list` names it.")]) -> Answer:
    """Show one alert from its evidence to its outcome."""
    settings = prepare()
    found = _alert(alert, settings)
    return Answer(found.model_dump(mode="json"), _story(found, settings))


def resume(problem: Of = None) -> Answer:
    """Take up what was left undone, as after a crash: nothing is done twice.

    An alert that another process is acting on is left to it, until it has been silent for a minute.
    """
    settings = prepare()
    from cli.acting import means
    from monitoring.alerts import resume as take_up

    name = _problem(problem, settings)
    spec = _spec(name, settings)
    taken = take_up(means(spec, settings))
    refresh_index(spec, settings)
    shown = [_table(taken)] if taken else [f"Nothing of {name} was left undone."]
    return Answer([one.model_dump(mode="json") for one in taken], shown)


def serve() -> Answer:
    """Act on alerts as a deployment of the Prefect server that PREFECT_API_URL names, until stopped.

    `understudy monitor` emits alerts as events there, and each decided one starts a run here. Without it, monitor acts
    by itself.
    """
    prepare()
    from cli.served import serve as run

    run()
    return Answer({"served": True}, ["Stopped."])


for command, name in ((list_, "list"), (show, "show"), (resume, "resume"), (serve, "serve")):
    alerts_app.command(name)(answering(command))


def _problem(given: str | None, settings: "Settings") -> str:
    """
    Raises:
        SpecError: none was given, and none or several are deployed.
    """
    from understudy.errors import SpecError

    if given:
        return _spec(given, settings).name
    deployed = deployed_problems(settings)
    if len(deployed) == 1:
        return deployed[0]
    said = f"{', '.join(deployed)} are deployed." if deployed else "Nothing is deployed yet."
    raise SpecError(said, "Say which problem is meant, as in --problem flights.")


def _spec(name: str, settings: "Settings") -> "ProblemSpec":
    from understudy.problem import load_problem

    return load_problem(settings.problems, name)


def _alert(alert_id: str, settings: "Settings") -> "Alert":
    from understudy.adapters import open_watch_log
    from understudy.errors import UnderstudyError

    found = open_watch_log(settings).alert(alert_id)
    if found is None:
        raise UnderstudyError(f"There is no alert {alert_id}.", "`understudy alerts list` names them.")
    return found


def _table(alerts: "Sequence[Alert]") -> Any:
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("alert", no_wrap=True)
    table.add_column("window to,\naction, state", no_wrap=True)
    table.add_column("reading and why", overflow="fold")
    for one in alerts:
        said = str(one.outcome.get("what") or one.why)
        state = one.state if one.ended_at is None or one.rule == "succession" else f"{one.state}, over"
        style = COLOURS.get(one.state)
        what = f"{one.until:%Y-%m-%d %H:%M}\n{one.action}\n{state}"
        table.add_row(one.id, what, f"{one.subject}\n{said}", style=style)
    return table


def _story(alert: "Alert", settings: "Settings") -> list[str]:
    window = f"{alert.since:%Y-%m-%d %H:%M} to {alert.until:%Y-%m-%d %H:%M}"
    said = {name: alert.outcome[name] for name in ("what", "fix", "next_step") if alert.outcome.get(name)}
    lines = [
        f"{alert.subject} of {alert.problem}, by the rule {alert.rule}: {alert.state}",
        f"  window    {window}, raised {alert.raised_at:%Y-%m-%d %H:%M}",
        *(f"  seen      {_seen(one)}" for one in alert.evidence.get("windows", ())),
        f"  decision  {alert.why or 'nobody has decided yet'}",
        *([f"  based on  revision {alert.based_on}"] if alert.based_on is not None else []),
        *(f"  {name.replace('_', ' '):<9} {words}" for name, words in said.items()),
        *(f"  told      {occasion}: {_told(channels)}" for occasion, channels in alert.outcome.get("told", {}).items()),
    ]
    if alert.ended_at:
        lines.append(f"  over      since {alert.ended_at:%Y-%m-%d %H:%M}")
    if alert.incident:
        lines.append(f"  incident  {near(settings.home / alert.incident)}")
    return lines


def _seen(window: dict[str, Any]) -> str:
    value, low, high = window["value"], window["low"], window["high"]
    between = f" ({low:.4g} to {high:.4g})" if low is not None and high is not None else ""
    return f"{value:.4g}{between} on {window['rows']:,} rows, until {window['until'][:16].replace('T', ' ')}"


def _told(channels: dict[str, str]) -> str:
    return ", ".join(f"{name} ({said})" for name, said in channels.items())
