"""Axes and marks of a picture as inline SVG, in the page's own colours. Everything they show as text is escaped."""

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from markupsafe import Markup, escape

from monitoring.pages.figures import percent

WIDTH, HEIGHT, EDGE = 460, 300, 58
TICKS = 4
Points = Sequence[tuple[float, float]]
Words = Callable[[float], str]
in_percent: Words = partial(percent, digits=0)


class Plot:
    """Axes from ``left`` to ``right`` and from ``bottom`` to ``top``."""

    def __init__(
        self, right: float, top: float, left: float = 0.0, bottom: float = 0.0, width: int = WIDTH, height: int = HEIGHT
    ) -> None:
        self.left, self.right, self.bottom, self.top = left, right, bottom, top
        self.width, self.height = width, height

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Place of a point in the picture."""
        across = (x - self.left) / ((self.right - self.left) or 1.0)
        up = (y - self.bottom) / ((self.top - self.bottom) or 1.0)
        return EDGE + (self.width - EDGE - 12) * across, self.height - EDGE - (self.height - EDGE - 10) * up

    def frame(
        self,
        x_label: str,
        y_label: str,
        across: Words = in_percent,
        up: Words = in_percent,
        places: Sequence[float] | None = None,
    ) -> str:
        """Grid, ticks and names of the axes; ``across`` and ``up`` write the ticks.

        Args:
            places: of the ticks on the lower axis; even ones unless given.
        """
        left, bottom = self.at(self.left, self.bottom)
        right, top = self.at(self.right, self.top)
        parts = []
        for level in _even(self.bottom, self.top):
            y = self.at(self.left, level)[1]
            parts.append(f'<path d="M{left:.1f} {y:.1f}H{right:.1f}" class="grid"/>')
            parts.append(_text(left - 6, y + 4, up(level), "end"))
        for tick in _even(self.left, self.right) if places is None else places:
            x = self.at(tick, self.bottom)[0]
            # One at the very end would reach beyond the picture.
            place, anchor = (right + 10, "end") if math.isclose(x, right) else (x, "middle")
            parts.append(_text(place, bottom + 16, across(tick), anchor))
        parts.append(_text((left + right) / 2, self.height - 6, x_label, "middle", "axis"))
        turned = f'transform="translate(11 {(top + bottom) / 2:.0f}) rotate(-90)"'
        parts.append(f'<text {turned} class="axis" text-anchor="middle">{escape(y_label)}</text>')
        return "".join(parts)

    def line(self, points: Points, kind: str) -> str:
        return f'<path d="M{self._path(points)}" class="{kind}"/>'

    def band(self, upper: Points, lower: Points, kind: str = "band") -> str:
        """The area between two lines over the same places."""
        return f'<path d="M{self._path([*upper, *reversed(lower)])}Z" class="{kind}"/>'

    def dot(self, x: float, y: float, said: str, kind: str = "dot", radius: float = 4) -> str:
        across, up = self.at(x, y)
        title = f"<title>{escape(said)}</title>"
        return f'<circle cx="{across:.1f}" cy="{up:.1f}" r="{radius:g}" class="{kind}">{title}</circle>'

    def bar(self, low: float, high: float, share: float, said: str) -> str:
        return self.box((low, high), (self.bottom, share), said)

    def box(self, across: tuple[float, float], up: tuple[float, float], said: str, kind: str = "now") -> str:
        """A filled rectangle with a title."""
        (left, top), (right, bottom) = self.at(across[0], up[1]), self.at(across[1], up[0])
        return (
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{max(right - left - 0.8, 0.5):.1f}" '
            f'height="{max(bottom - top, 0):.1f}" class="{kind}"><title>{escape(said)}</title></rect>'
        )

    def note(self, x: float, y: float, said: str, anchor: str = "start", kind: str = "tick") -> str:
        """Text at a place."""
        return _text(*self.at(x, y), said, anchor, kind)

    def svg(self, parts: Iterable[str], label: str) -> Markup:
        return svg(self.width, self.height, "".join(parts), label)

    def _path(self, points: Points) -> str:
        return " L".join("{:.1f} {:.1f}".format(*self.at(x, y)) for x, y in points)


def whole(last: int) -> range:
    """Ticks of an axis from 0 on that counts days, hours or the like: between two of them there is nothing to name."""
    return range(0, last + 1, max(1, math.ceil(last / TICKS)))


def _even(low: float, high: float) -> list[float]:
    return [low + (high - low) * tick / TICKS for tick in range(TICKS + 1)]


def svg(width: int, height: int, inside: str, label: str, kind: str = "plot") -> Markup:
    """A picture; ``label`` is read aloud."""
    opening = f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}" class="{kind}">'
    return Markup(f"{opening}{inside}</svg>")  # noqa: S704 (whatever is not a number was escaped)


def _text(x: float, y: float, said: str, anchor: str, kind: str = "tick") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(said)}</text>'
