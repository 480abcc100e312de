"""Small pictures as inline SVG, in the page's own colours. Everything they show as text is escaped."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from markupsafe import Markup, escape

from monitoring.pages.figures import percent
from monitoring.pages.plot import Plot, svg

NARROW, LOW = 150, 30
"""Size of a picture in a row of a table."""


def distribution(picture: Mapping[str, Any]) -> Markup:
    """Bars of the window under the outline of training; a title on each bar names it."""
    before, now, names = picture["before"], picture["now"], picture["names"]
    if not names:
        return Markup()
    top, step = max(*before, *now, 1e-9), NARROW / len(names)
    parts = [
        _bar(
            place * step,
            step,
            LOW * old / top,
            LOW * new / top,
            f"{name}: {percent(old)} in training, now {percent(new)}",
        )
        for place, (name, old, new) in enumerate(zip(names, before, now, strict=True))
    ]
    return svg(NARROW, LOW, "".join(parts), "Distribution in training and in this window", "small")


def _bar(x: float, step: float, before: float, now: float, said: str) -> str:
    return (
        f'<g><title>{escape(said)}</title><rect x="{x:.1f}" y="0" width="{step:.1f}" height="{LOW}" class="air"/>'
        f'<rect x="{x + 0.6:.1f}" y="{LOW - now:.1f}" width="{max(step - 1.2, 0.5):.1f}" height="{now:.1f}" '
        f'class="now"/><path d="M{x:.1f} {LOW - before:.1f}h{step:.1f}" class="before"/></g>'
    )


def compared(picture: Mapping[str, Any], axis: str, label: str) -> Markup:
    """The same, large and with axes; the bars' names tell where each begins and ends."""
    edges = [float(name.partition(" to ")[0]) for name in picture["names"]]
    edges.append(float(picture["names"][-1].partition(" to ")[2]))
    plot = Plot(edges[-1], 1.08 * max(*picture["before"], *picture["now"], 1e-9))
    parts = [plot.frame(axis, "share of rows")]
    for (low, high), old, new in zip(pairwise(edges), picture["before"], picture["now"], strict=True):
        said = f"{low:g} to {high:g}: {percent(old)} in training, now {percent(new)}"
        parts += [plot.bar(low, high, new, said), plot.line([(low, old), (high, old)], "before")]
    return plot.svg(parts, label)


def reliability(bins: Sequence[Mapping[str, Any]]) -> Markup:
    """What came true against what the model said, in tenths of the rows, with intervals."""
    right = 1.06 * max([row["score"] for row in bins] + [0.01])
    top = 1.06 * max([row["rate"]["high"] or row["rate"]["value"] for row in bins] + [right])
    plot = Plot(right, top)
    parts = [plot.frame("what the model said", "what came true"), plot.line([(0, 0), (right, right)], "even")]
    for row in bins:
        rate, x = row["rate"], row["score"]
        if rate["low"] is not None:
            parts.append(plot.line([(x, rate["low"]), (x, rate["high"])], "span"))
    parts.append(plot.line([(row["score"], row["rate"]["value"]) for row in bins], "curve"))
    for row in bins:
        said = f"said {percent(row['score'])}, came true {percent(row['rate']['value'])} of {row['rows']:,}"
        parts.append(plot.dot(row["score"], row["rate"]["value"], said))
    return plot.svg(parts, "Share that came true against mean score, in tenths of the rows")


def histogram(edges: Sequence[float], shares: Sequence[float], unit: str, label: str) -> Markup:
    """Shares of rows between edges."""
    plot = Plot(edges[-1], 1.08 * max([*shares, 1e-9]))
    parts = [plot.frame(unit, "share of rows", across="{:.3g}".format)]
    for (low, high), share in zip(pairwise(edges), shares, strict=True):
        parts.append(plot.bar(low, high, share, f"{low:g} to {high:g} {unit}: {percent(share)}"))
    return plot.svg(parts, label)
