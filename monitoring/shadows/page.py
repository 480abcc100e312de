"""The page of a shadow, drawn from its report alone."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from markupsafe import Markup

from monitoring.pages.environment import fill
from monitoring.pages.figures import number, percent
from monitoring.pages.plot import Plot, svg, whole
from monitoring.shadows.report import ShadowReport
from understudy.files import write_json, write_text
from understudy.problem import ProblemSpec

TONES = {"canary": "good", "wait": "quiet", "withdraw": "bad"}
SECTIONS = {
    "rules": "The rules",
    "quality": "What came true",
    "agreement": "Where they agree",
    "segments": "Where they differ",
    "examples": "Requests",
    "service": "Service",
}
TITLES = {"cost": "Cost per 1,000", "brier": "Brier score", "roc_auc": "ROC AUC"}
RISING = ("roc_auc",)
NARROW, LOW = 190, 26


def write_shadow_report(report: ShadowReport, spec: ProblemSpec, home: Path) -> Path:
    """Write the page below ``home``, with the figures as JSON beside it; returns the page.

    The same versions seen again in the same window, as of the same moment, replace it.
    """
    ends = f"{report.since:%Y-%m-%dT%H%M}--{report.until:%Y-%m-%dT%H%M}"
    if report.as_of != report.until:
        ends += f"--seen-{report.as_of:%Y-%m-%dT%H%M}"
    folder = home / "reports" / report.problem / "shadows"
    name = f"{report.shadow}-beside-{report.champion}--{ends}"
    write_json(folder / f"{name}.json", report.json())
    return write_text(folder / f"{name}.html", render_shadow(report, spec))


def render_shadow(report: ShadowReport, spec: ProblemSpec) -> str:
    """One self-contained HTML page. Names and values that come from requests are escaped."""
    there = report.scored > 0
    always = ("rules", "quality", "service")
    return fill(
        "shadow.html",
        title=spec.title,
        report=report,
        tone=TONES[report.proof.step],
        sections=[pair for pair in SECTIONS.items() if there or pair[0] in always],
        smallest=spec.monitoring.smallest,
        quality=[_row(name, figures) for name, figures in report.quality.items()],
        rows=_segments(report),
        grid=_grid(report.scores["grid"]) if there else "",
        gaps=_gaps(report.scores["histogram"]) if there else "",
        days=_days(report) if there else "",
    )


def _row(name: str, figures: Mapping[str, Any]) -> dict[str, Any]:
    difference = figures["difference"]
    better = "more is better" if name in RISING else "less is better"
    picture = _range(difference, _reach([difference], 0.0), 0.0)
    return {
        **figures,
        "title": TITLES[name],
        "better": better,
        "verdict": _verdict(name, difference),
        "picture": picture,
    }


def _verdict(name: str, difference: Mapping[str, float | None]) -> str:
    low, high = difference["low"], difference["high"]
    if low is None or high is None or low <= 0 <= high:
        return ""
    return "better" if (low > 0) == (name in RISING) else "worse"


def _segments(report: ShadowReport) -> list[dict[str, Any]]:
    rows = report.segments["rows"]
    if not rows:
        return []
    whole = report.scores["mean"]["value"]
    ends = _reach([row["gap"] for row in rows], whole)
    return [row | {"picture": _range(row["gap"], ends, whole)} for row in rows]


def _reach(intervals: Sequence[Mapping[str, float | None]], *marks: float) -> tuple[float, float]:
    """The range that holds all of them, with a little air."""
    there = [value for one in intervals for value in one.values() if value is not None]
    low, high = min(*there, 0.0, *marks), max(*there, 0.0, *marks)
    air = 0.06 * ((high - low) or 1.0)
    return low - air, high + air


def _range(interval: Mapping[str, float | None], ends: tuple[float, float], mark: float) -> Markup:
    """One interval on a small scale, with a line at ``mark``."""
    place = partial(_place, ends)
    parts = [
        f'<path d="M0 {LOW / 2}H{NARROW}" class="grid"/><path d="M{place(0.0):.1f} 3V{LOW - 3}" class="grid"/>',
        f'<path d="M{place(mark):.1f} 3V{LOW - 3}" class="even"/>',
    ]
    if interval["low"] is not None and interval["high"] is not None:
        parts.append(f'<path d="M{place(interval["low"]):.1f} {LOW / 2}H{place(interval["high"]):.1f}" class="span"/>')
    if interval["value"] is not None:
        parts.append(f'<circle cx="{place(interval["value"]):.1f}" cy="{LOW / 2}" r="4" class="dot"/>')
    return svg(NARROW, LOW, "".join(parts), "The difference with its interval", "range")


def _place(ends: tuple[float, float], value: float) -> float:
    return NARROW * (value - ends[0]) / (ends[1] - ends[0])


def _grid(grid: Mapping[str, Any]) -> Markup:
    top, counts = grid["top"], grid["counts"]
    plot, step = Plot(top, top), grid["top"] / len(counts)
    most = math.log1p(max(max(row) for row in counts)) or 1.0
    cells = [
        _cell(plot, column * step, row * step, step, count, math.log1p(count) / most)
        for row, line in enumerate(counts)
        for column, count in enumerate(line)
        if count
    ]
    parts = [
        plot.frame("what the shadow says", "what the champion says"),
        *cells,
        plot.line([(0, 0), (top, top)], "even"),
    ]
    return plot.svg(parts, "Requests by the champion's and by the shadow's score")


def _cell(plot: Plot, x: float, y: float, step: float, count: int, strength: float) -> str:
    said = f"champion {percent(y)} to {percent(y + step)}, shadow {percent(x)} to {percent(x + step)}: {count:,}"
    box = plot.box((x, x + step), (y, y + step), said, "cell")
    return box.replace("<rect ", f'<rect opacity="{0.12 + 0.88 * strength:.2f}" ', 1)


def _gaps(histogram: Mapping[str, Any]) -> Markup:
    edges, shares = histogram["edges"], histogram["shares"]
    plot = Plot(edges[-1], 1.08 * max(shares), left=edges[0])
    bars = [
        plot.bar(low, high, share, f"{number(low)} to {number(high)}: {percent(share)}")
        for (low, high), share in zip(pairwise(edges), shares, strict=True)
    ]
    frame = plot.frame("shadow less champion", "share of requests", across=number)
    return plot.svg([frame, *bars, plot.line([(0, 0), (0, plot.top)], "even")], "Score differences")


def _days(report: ShadowReport) -> Markup:
    """Agreement by day; nothing for a single one."""
    days = report.days
    if len(days) < 2:
        return Markup()
    points = [(float(place), day["agreement"]) for place, day in enumerate(days)]
    low = min(agreement for _, agreement in points)
    plot = Plot(len(days) - 1, 1.0, bottom=max(0.0, low - 0.25 * (1.0 - low) - 0.001), height=190)
    begins = [datetime.fromisoformat(day["since"]) for day in days]
    shorter = len({begin.date() for begin in begins}) < len(days)

    def named(place: float) -> str:
        return f"{begins[round(place)]:{'%d %b %H:%M' if shorter else '%d %b'}}"

    frame = plot.frame("", "", across=named, up=percent, places=whole(len(days) - 1))
    dots = [
        plot.dot(x, y, f"{named(x)}: {percent(y)} of {day['rows']:,}", radius=3)
        for (x, y), day in zip(points, days, strict=True)
    ]
    return plot.svg([frame, plot.line(points, "curve"), *dots], "Share of equal decisions by day")
