"""How every picture looks: one theme whose colours are the page's variables, so that they follow light and dark."""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, ParamSpec

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, PercentFormatter

P = ParamSpec("P")
DASH = "\N{EN DASH}"

# Stand-ins that matplotlib can draw with; `to_svg` swaps each for the page's colour of that name.
INK, MUTED, GRID, SURFACE = "#010101", "#020202", "#030303", "#040404"
MODEL, SECOND, BAD, GOOD, THIRD = "#050505", "#060606", "#070707", "#080808", "#090909"
VARIABLES = {
    INK: "--ink",
    MUTED: "--muted",
    GRID: "--grid",
    SURFACE: "--surface",
    MODEL: "--model",
    SECOND: "--second",
    BAD: "--bad",
    GOOD: "--good",
    THIRD: "--third",
}
SERIES = (MODEL, SECOND, THIRD, GOOD, BAD, MUTED)

# Points that are drawn as pixels cannot follow the page: these read on both grounds.
PIXEL_LOW, PIXEL_MIDDLE, PIXEL_HIGH = "#3b82f6", "#a3a3b5", "#f43f5e"

BAND = 0.16
WIDE = (9.6, 3.4)
HALF = (5.6, 3.7)

THEME: Any = {
    "svg.fonttype": "none",
    "font.size": 9.5,
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": GRID,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.titlecolor": INK,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "xtick.color": GRID,
    "ytick.color": GRID,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "lines.linewidth": 1.9,
    "lines.solid_capstyle": "round",
    "legend.frameon": False,
    "legend.fontsize": 9,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "savefig.dpi": 130,
}


def themed(draw: Callable[P, Markup]) -> Callable[P, Markup]:
    """Draw in the theme: matplotlib reads most of it while things are drawn, not when they are saved."""

    @wraps(draw)
    def within(*args: P.args, **options: P.kwargs) -> Markup:
        with mpl.rc_context(THEME):
            return draw(*args, **options)

    return within


def new_figure(size: tuple[float, float] = HALF, rows: int = 1, columns: int = 1, **options: Any) -> tuple[Figure, Any]:
    """A figure and its axes (an array of them where there are several)."""
    figure = Figure(figsize=size, layout="constrained")
    return figure, figure.subplots(rows, columns, **options)


def to_svg(figure: Figure, name: str, label: str) -> Markup:
    """The figure as inline SVG, the same bytes each time; ``name`` is unique on the page, ``label`` is read aloud."""
    _settle(figure)
    stream = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": name}):
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(
        r' id="(?:figure|axes|patch|line2d|text|legend|xtick|ytick|matplotlib\.axis|[A-Za-z]*Collection)_\d+"', "", text
    )
    text = re.sub(r"'DejaVu Sans'[^;\"]*", "var(--sans)", text)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*" height="[^"]*"', r"\1", text, count=1)
    text = re.sub(r"\n\s*", "\n", text)
    for colour, variable in VARIABLES.items():
        text = text.replace(colour, f"var({variable})")
    opening = f'<svg role="img" aria-label="{Markup.escape(label)}" '
    return Markup(text.replace("<svg ", opening, 1))  # noqa: S704 (drawn by matplotlib, which escapes its text)


def _settle(figure: Figure) -> None:
    """Lay out once: saving would do so twice, which is most of the time of a picture."""
    engine = figure.get_layout_engine()
    if engine is not None:
        FigureCanvasAgg(figure)
        engine.execute(figure)
        figure.set_layout_engine("none")


def percent_axis(axis: Any, decimals: int = 0) -> None:
    axis.set_major_formatter(PercentFormatter(1.0, decimals=decimals))


def plain_axis(axis: Any) -> None:
    """Ticks as people write numbers: 12,500 and 0.25."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: plain(value)))


def plain(value: float | None, digits: int = 3) -> str:
    """A number as people write it: thousands with commas, small ones to some significant digits; a dash for none."""
    if value is None or value != value:
        return DASH
    if abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    text = f"{value:.{digits}g}"
    return f"{value:.{digits + 2}f}".rstrip("0") if "e" in text else text


def draw_ranges(axes: Any, rows: Sequence[dict[str, Any]], colour: str = MODEL) -> None:
    """Values with their intervals, one line each, the first on top; rows hold ``value``, ``low`` and ``high``."""
    for place, row in enumerate(rows):
        if row["value"] is None:
            continue
        if row["low"] is not None:
            axes.plot([row["low"], row["high"]], [place, place], color=colour, linewidth=5, alpha=0.28)
        axes.plot(row["value"], place, "o", color=colour, markersize=5.5)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)


def draw_spans(axes: Any, places: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Upright intervals at places along the x axis; rows hold ``low`` and ``high``."""
    for place, row in zip(places, rows, strict=True):
        if row["low"] is not None:
            axes.plot([place, place], [row["low"], row["high"]], color=MODEL, linewidth=5, alpha=0.28)


def draw_ring(axes: Any, x: float, y: float) -> None:
    """Where the chosen threshold stands on a curve."""
    axes.plot(x, y, "o", markersize=9, markerfacecolor=SURFACE, markeredgecolor=MODEL, markeredgewidth=2)


def mark_threshold(axes: Any, threshold: float) -> None:
    """An upright line at the chosen threshold, with its value."""
    axes.axvline(threshold, color=BAD, linewidth=1.4)
    annotate(axes, f"{threshold:.3f}", (threshold, 1), (5, -2), xycoords=("data", "axes fraction"), va="top", color=BAD)


def annotate(axes: Any, text: str, at: tuple[float, float], offset: tuple[float, float], **options: Any) -> None:
    """Text at some points' distance from a place."""
    axes.annotate(text, at, xytext=offset, textcoords="offset points", **options)


def name_rows(axes: Any, names: Sequence[str]) -> None:
    """Write a name beside each line of ``draw_ranges``."""
    axes.set_yticks(range(len(names)), [name if len(name) <= 34 else f"{name[:33]}…" for name in names], color=INK)


def tile(column: float, row: float, colour: str, alpha: float) -> Rectangle:
    """One cell of a matrix."""
    return Rectangle((column + 0.02, row + 0.02), 0.96, 0.96, facecolor=colour, alpha=alpha, linewidth=0)


def bare(axes: Any) -> None:
    """Neither grid nor frame nor tick marks."""
    axes.grid(visible=False)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def blend(share: float) -> tuple[float, float, float]:
    """From the colour of low values (0) through the middle to that of high ones (1)."""
    low, middle, high = (to_rgb(colour) for colour in (PIXEL_LOW, PIXEL_MIDDLE, PIXEL_HIGH))
    first, second, part = (low, middle, 2 * share) if share < 0.5 else (middle, high, 2 * share - 1)
    red, green, blue = ((1 - part) * a + part * b for a, b in zip(first, second, strict=True))
    return red, green, blue
