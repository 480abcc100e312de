"""``understudy report``: pages that people look at, made anew from what is in the stores."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.answer import Answer, answering, near
from cli.environment import prepare
from cli.moments import moment

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from rich.status import Status

    from monitoring.bandits.report import BanditReport
    from monitoring.shadows.report import ShadowReport

Problem = Annotated[str, typer.Option(help="Name of the problem, as `understudy problems` lists it.")]
Since = Annotated[str | None, typer.Option(help="First moment by the problem's clock (UTC), as in 2013-11-01.")]
Until = Annotated[str | None, typer.Option(help="First moment that is out; default: after the newest prediction.")]
AsOf = Annotated[str | None, typer.Option(help="Leave out labels that landed later than this, by the problem's clock.")]

report_app = typer.Typer(no_args_is_help=True, help="Make the pages that people look at.")


def shadow(
    problem: Problem,
    version: Annotated[int | None, typer.Option(help="Of the shadow; default: the newest that was placed.")] = None,
    since: Since = None,
    until: Until = None,
    as_of: AsOf = None,
) -> Answer:
    """Hold a shadow against the champion, request by request: agreement, scores, cost, segments, and what it earned.

    Without --since it looks back over as many windows as a shadow has to prove itself in.
    """
    settings = prepare()
    from cli.indexing import refresh_index
    from monitoring.shadows.page import write_shadow_report
    from monitoring.shadows.read import Wanted, look_at_shadow
    from understudy.adapters import open_deployment_log, open_ledger
    from understudy.problem import load_problem

    spec = load_problem(settings.problems, problem)
    history = open_deployment_log(settings).history(problem, 1000)
    wanted = Wanted(version, _moment(since), _moment(until), _moment(as_of))
    with _busy():
        report = look_at_shadow(open_ledger(settings), history, spec, wanted)
    page = write_shadow_report(report, spec, settings.home)
    refresh_index(spec, settings)
    return Answer({**report.json(), "page": str(page)}, [*_shadow_shown(report), f"Open {near(page)}."])


def bandit(problem: Problem, since: Since = None, until: Until = None, as_of: AsOf = None) -> Answer:
    """Tell how a bandit did: its shares, beliefs and regret, and what other policies would have earned."""
    settings = prepare()
    from cli.indexing import refresh_index
    from monitoring.bandits.draws import newest_bandit, read_draws
    from monitoring.bandits.page import headline, write_bandit_report
    from monitoring.bandits.report import bandit_report
    from understudy.adapters import open_deployment_log, open_ledger
    from understudy.problem import load_problem

    spec = load_problem(settings.problems, problem)
    found = newest_bandit(open_deployment_log(settings).history(problem, 1000), problem)
    with _busy():
        seen = _moment(as_of)
        draws = read_draws(open_ledger(settings), spec, found, _moment(since), _moment(until), seen)
        report = bandit_report(draws, found, spec, seen)
    page = write_bandit_report(report, spec, settings.home)
    refresh_index(spec, settings)
    shown = [headline(report), *_bandit_shown(report), *report.warnings, f"Open {near(page)}."]
    return Answer({**report.json(), "page": str(page)}, shown)


def index(problem: Problem) -> Answer:
    """Make the page anew that leads to all others; commands that write a page do so by themselves."""
    settings = prepare()
    from cli.indexing import refresh_index
    from understudy.errors import StoreError
    from understudy.problem import load_problem

    page = refresh_index(load_problem(settings.problems, problem), settings)
    if page is None:
        raise StoreError("A store that the index is made from is out of reach.", "`understudy doctor` tells which.")
    return Answer({"page": str(page), "all": str(_above(page))}, [f"Open {near(page)}."])


for command, name in ((shadow, "shadow"), (bandit, "bandit"), (index, "index")):
    report_app.command(name)(answering(command))


def _busy() -> "Status":
    from rich.console import Console
    from rich.status import Status

    return Status("reading the ledger", console=Console(stderr=True))


def _moment(said: str | None) -> "datetime | None":
    return None if said is None else moment(said)


def _above(page: "Path") -> "Path":
    return page.parent.parent / page.name


def _shadow_shown(report: "ShadowReport") -> list[Any]:
    from rich.table import Table

    from monitoring.pages.figures import number, percent

    rules = Table("rule", "asks for", "found", "holds", box=None, header_style="bold")
    for check in report.proof.checks:
        rules.add_row(check.name, check.asks, check.says, {None: "?", True: "yes", False: "no"}[check.passed])
    table = Table("figure", "champion", "shadow", "difference", "interval", box=None, header_style="bold")
    for name, row in report.quality.items():
        one = row["difference"]
        ends = "" if one["low"] is None else f"{number(one['low'])} to {number(one['high'])}"
        table.add_row(name, *(number(row[side]["value"]) for side in ("champion", "shadow", "difference")), ends)
    named = f"{report.problem}/{report.shadow} beside {report.problem}/{report.champion}"
    rows = f"{report.scored:,} of {report.offered:,} requests scored, {report.labelled:,} with a label"
    agree = report.decisions and f"; decisions agree in {percent(report.decisions['agreement']['value'])}"
    return [f"{named}: {report.advice}", report.proof.because, f"{rows}{agree or ''}.", rules, table]


def _bandit_shown(report: "BanditReport") -> list[Any]:
    from rich.table import Table

    from monitoring.pages.figures import number, percent, ranged

    arms = Table("arm", "version", "labels", "mean reward", "best with", box=None, header_style="bold")
    for belief, version in zip(report.beliefs, report.versions, strict=True):
        mean = ranged({"value": belief.mean, "low": belief.low, "high": belief.high})
        arms.add_row(belief.arm, str(version), f"{belief.decisions:,}", mean, percent(belief.best))
    others = Table("policy", "doubly robust", "self-normalised", "cost per 1,000", "worth decisions", box=None)
    for row in report.policies:
        ways = (ranged(row[way]) for way in ("doubly_robust", "self_normalised"))
        cost = report.cost(row["doubly_robust"]["value"])
        others.add_row(row["policy"], *ways, number(cost), f"{row['effective']:,.0f}")
    return [arms, others]
