"""The page of a bandit, drawn from its report alone."""

from datetime import datetime
from pathlib import Path
from typing import Any

from markupsafe import Markup

from monitoring.bandits.report import BanditReport
from monitoring.pages.environment import fill
from monitoring.pages.figures import count, fixed, number, percent
from monitoring.pages.plot import Plot, whole
from understudy.files import write_json, write_text
from understudy.problem import ProblemSpec

SECTIONS = {"beliefs": "What it believes", "shares": "Whom it chose", "policies": "What others would have earned"}
COLOURS = 4
WIDE = 940


def write_bandit_report(report: BanditReport, spec: ProblemSpec, home: Path) -> Path:
    """Write the page below ``home``, with the figures as JSON beside it; returns the page.

    The same bandit seen again over the same time, as of the same moment, replaces it.
    """
    folder = home / "reports" / report.problem / "bandits"
    name = f"revision-{report.revision}--{report.since:%Y-%m-%dT%H%M}--{report.until:%Y-%m-%dT%H%M}"
    if report.as_of is not None:
        name += f"--seen-{report.as_of:%Y-%m-%dT%H%M}"
    write_json(folder / f"{name}.json", report.json())
    return write_text(folder / f"{name}.html", render_bandit(report, spec))


def render_bandit(report: BanditReport, spec: ProblemSpec) -> str:
    """One self-contained HTML page."""
    return fill(
        "bandit.html",
        title=spec.title,
        report=report,
        headline=headline(report),
        sections=list(SECTIONS.items()),
        arms=_arms(report),
        odds=_odds(report),
        regret=_regret(report),
        estimates=_estimates(report),
    )


def headline(report: BanditReport) -> str:
    """Which arm leads, and what finding that out has cost."""
    if not report.labelled:
        return "No label has landed yet: every arm is as likely to be the best."
    lead = max(report.beliefs, key=lambda one: one.best)
    share = report.times[-1]["odds"][report.arms.index(lead.arm)]
    missed, evenly = (report.regrets[name][-1] * report.span for name in ("value", "even"))
    compared = f"{number(abs(evenly - missed))} {'less' if evenly >= missed else 'more'} than an even split would have"
    return (
        f"{lead.arm} is the best arm with {percent(lead.best)} probability, and was drawn in {percent(share)} of the "
        f"newest decisions. Finding that out has cost {number(missed)} over {count(report.decisions, 'decision')}, "
        f"{compared}."
    )


def _arms(report: BanditReport) -> list[dict[str, Any]]:
    return [
        {
            **vars(belief),
            "value": belief.mean,
            "version": version,
            "drawn": sum(row["decisions"][place] for row in report.times),
            "share": report.times[-1]["odds"][place],
            "cost": {
                "value": report.cost(belief.mean),
                "low": report.cost(belief.high),
                "high": report.cost(belief.low),
            },
        }
        for place, (belief, version) in enumerate(zip(report.beliefs, report.versions, strict=True))
    ]


def _odds(report: BanditReport) -> Markup:
    last = len(report.times) - 1
    plot = Plot(max(last, 1), 1.0, width=WIDE, height=240)
    parts = [plot.frame("", "probability", across=_ticks(report), places=whole(last))]
    for place, arm in enumerate(report.arms):
        points = [(float(at), row["odds"][place]) for at, row in enumerate(report.times)]
        parts.append(plot.line(points, f"s{place % COLOURS}"))
        for (x, y), row in zip(points, report.times, strict=True):
            said = f"{arm}, {row['since'][:16].replace('T', ' ')}: {percent(y)} of {sum(row['decisions']):,} decisions"
            parts.append(plot.dot(x, y, said, f"s{place % COLOURS}", 3))
    return plot.svg(parts, "Mean probability of each arm over time")


def _regret(report: BanditReport) -> Markup:
    found = report.regrets
    last = len(report.times) - 1
    top = 1.08 * max(*found["high"], *found["even"], 1e-9)
    plot = Plot(max(last, 1), top, width=WIDE, height=240)
    lines = {name: [(float(at), value) for at, value in enumerate(values)] for name, values in found.items()}
    parts = [
        plot.frame("", "reward missed so far", across=_ticks(report), up=number, places=whole(last)),
        plot.band(lines["high"], lines["low"]),
        plot.line(lines["even"], "curve third"),
        plot.line(lines["value"], "curve"),
    ]
    return plot.svg(parts, "Regret over time with its band, and that of an even split")


def _estimates(report: BanditReport) -> Markup:
    """Doubly robust estimates one below the other, over the band of what happened."""
    if not report.policies:
        return Markup()
    shown = [row["doubly_robust"] for row in report.policies]
    happened = {name: value or 0.0 for name, value in report.happened.items()}
    low = min(happened["low"], *(one["low"] for one in shown))
    high = max(happened["high"], *(one["high"] for one in shown))
    air, rows = 0.08 * ((high - low) or 1.0), len(shown)
    plot = Plot(high + air, float(rows), left=low - 3.2 * air, width=WIDE, height=90 + 34 * rows)
    band = plot.box(
        (report.happened["low"] or 0.0, report.happened["high"] or 1.0), (0.0, rows), "what happened", "area"
    )
    parts = [plot.frame("mean reward", "", across=fixed, up=lambda _: ""), band]
    for place, (row, one) in enumerate(zip(report.policies, shown, strict=True)):
        y = rows - place - 0.5
        said = f"{row['policy']}: {fixed(one['value'])} ({fixed(one['low'])} to {fixed(one['high'])})"
        parts += [plot.line([(one["low"], y), (one["high"], y)], "span"), plot.dot(one["value"], y, said)]
        parts.append(plot.note(plot.left, y, row["policy"], kind="name"))
    return plot.svg(parts, "Doubly robust estimates of other policies, and what happened")


def _ticks(report: BanditReport) -> Any:
    """Names of places on the axis of time."""
    begins = [datetime.fromisoformat(row["since"]) for row in report.times]
    hourly = any(begin.hour for begin in begins)

    def named(place: float) -> str:
        begin = begins[round(place)]
        return f"{begin:%d %b %H:%M}" if hourly else f"{begin:%d %b}"

    return named
