"""Pages about an experiment and about what the guard took out, drawn from their records alone."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from jinja2 import Environment
from markupsafe import Markup, escape

from monitoring.experiments.plan import plan_of
from monitoring.pages import figures
from understudy.adapters.pages import templates_of
from understudy.problem import ProblemSpec
from understudy.records import Alert, Experiment

WIDTH, HEIGHT, LEFT, BOTTOM = 920, 320, 70, 46
WIDEST = 2.0
"""Times as high as later looks need, the axis is at most: the first intervals can be so wide that they flatten all."""
NOT_STARTED = "It has not started."
VERDICTS = {
    "": "It has not ended.",
    "promote": "The challenger is better.",
    "stop_harm": "The challenger does harm.",
    "stop_futility": "The challenger is not better by enough to matter.",
    "invalid": "Nothing can be concluded.",
    "stopped": "It was ended without a verdict.",
}


def page_path(problem: str, name: str) -> str:
    """Path of an experiment's page, from ``home``."""
    return f"reports/{problem}/experiments/{name}.html"


def render_experiment(experiment: Experiment, spec: ProblemSpec) -> str:
    """One self-contained HTML page: the plan, how far it is, what is proven by when, guardrails, shares, verdict."""
    plan, outcome = plan_of(experiment), experiment.outcome
    looks = outcome.get("looks", [])
    return (
        _environment()
        .get_template("experiment.html")
        .render(
            title=spec.title,
            experiment=experiment,
            plan=plan,
            last=outcome.get("last"),
            looks=looks,
            done=outcome.get("done", {}),
            said=NOT_STARTED if experiment.state == "planned" else VERDICTS.get(experiment.verdict, experiment.verdict),
            pictures={arm.name: sequence(looks, arm.name, plan.effect, plan.units) for arm in plan.challengers},
        )
    )


def render_breach(alert: Alert, outcome: Mapping[str, Any], spec: ProblemSpec) -> str:
    """One self-contained HTML page: which guardrail, by how much, on how many answers, and what was done."""
    return _environment().get_template("breach.html").render(title=spec.title, alert=alert, outcome=outcome)


def sequence(looks: Sequence[Mapping[str, Any]], arm: str, effect: float, planned: int) -> Markup:
    """The difference and its confidence sequence over labelled units; empty until there is something to draw."""
    points = [(look["labelled"], look["arms"][arm]) for look in looks if look["arms"].get(arm)]
    points = [(units, one) for units, one in points if None not in (one["low"], one["high"], one["value"])]
    if not points:
        return Markup()
    right = 1.04 * max(planned, points[-1][0])
    return _Picture(right, _top(points, effect)).drawn(points, effect, planned)


class _Picture:
    """Axes from 0 to ``right``, and from minus ``top`` to ``top``."""

    def __init__(self, right: float, top: float) -> None:
        self.right, self.top = right, top

    def drawn(self, points: Sequence[tuple[int, Mapping[str, float]]], effect: float, planned: int) -> Markup:
        upper = [(units, one["high"]) for units, one in points]
        lower = [(units, one["low"]) for units, one in reversed(points)]
        parts = [
            *self._frame(),
            f'<path d="{self._path([*self._cut(upper), *self._cut(lower)])}Z" class="band"/>',
            self._across(0, "even", ""),
            self._across(-effect, "before", "gain that matters"),
            self._up(planned, "planned"),
            f'<path d="{self._path(self._cut([(units, one["value"]) for units, one in points]))}" class="curve"/>',
            *(self._dot(units, one) for units, one in points),
            *self._beyond(upper, lower),
        ]
        label = "Challenger minus champion with its confidence sequence, over labelled units"
        opening = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}" class="plot">'
        return Markup(f"{opening}{''.join(parts)}</svg>")  # noqa: S704 (whatever is not a number was escaped)

    def _at(self, x: float, y: float) -> tuple[float, float]:
        inside = min(max(y, -self.top), self.top)
        across = LEFT + (WIDTH - LEFT - 14) * x / self.right
        return across, (HEIGHT - BOTTOM) * (0.5 - 0.5 * inside / self.top) + 6

    def _cut(self, line: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        """The line with a corner wherever it crosses an edge: what is laid on the edge moves nothing inside."""
        found = [line[0]]
        for (x, y), (next_x, next_y) in pairwise(line):
            edges = sorted((-self.top, self.top), reverse=y > next_y)
            crossed = [edge for edge in edges if (y - edge) * (next_y - edge) < 0]
            found += [(x + (next_x - x) * (edge - y) / (next_y - y), edge) for edge in crossed]
            found.append((next_x, next_y))
        return found

    def _beyond(self, upper: Sequence[tuple[int, float]], lower: Sequence[tuple[int, float]]) -> Iterator[str]:
        """Arrows at the edges beyond which the band goes on, and how far it goes."""
        for (units, end), tip in ((max(upper, key=_end), -7), (min(lower, key=_end), 7)):
            if not -self.top <= end <= self.top:
                x, y = self._at(units, end)
                side, anchor = (9, "start") if x < WIDTH / 2 else (-9, "end")
                yield f'<path d="M{x - 4:.1f} {y - tip:.1f}h8l-4 {tip}z" class="dot"/>'
                yield (
                    f'<text x="{x + side:.1f}" y="{y - tip + 3:.1f}" class="tick" text-anchor="{anchor}">'
                    f"goes on to {end:+.3g}</text>"
                )

    def _path(self, points: Sequence[tuple[float, float]]) -> str:
        return "M" + " L".join("{:.1f} {:.1f}".format(*self._at(x, y)) for x, y in points)

    def _frame(self) -> list[str]:
        parts = []
        for tick in range(-2, 3):
            value = self.top * tick / 2
            x, y = self._at(0, value)
            parts.append(f'<path d="M{x:.1f} {y:.1f}H{WIDTH - 14}" class="grid"/>')
            parts.append(
                f'<text x="{x - 8:.1f}" y="{y + 4:.1f}" class="tick" text-anchor="end">{_with_sign(value)}</text>'
            )
        for units in _round_numbers(self.right):
            x, _ = self._at(units, 0)
            parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 24}" class="tick" text-anchor="middle">{units:,}</text>')
        middle = (LEFT + WIDTH) / 2
        parts.append(f'<text x="{middle}" y="{HEIGHT - 6}" class="axis" text-anchor="middle">labelled units</text>')
        return parts

    def _across(self, value: float, kind: str, said: str) -> str:
        x, y = self._at(0, value)
        text = f'<text x="{WIDTH - 16}" y="{y + 13:.1f}" class="tick" text-anchor="end">{escape(said)}</text>'
        return f'<path d="M{x:.1f} {y:.1f}H{WIDTH - 14}" class="{kind}"/>{text if said else ""}'

    def _up(self, units: float, said: str) -> str:
        x, low = self._at(units, -self.top)
        _, high = self._at(units, self.top)
        return (
            f'<path d="M{x:.1f} {low:.1f}V{high:.1f}" class="even"/>'
            f'<text x="{x - 5:.1f}" y="{high + 12:.1f}" class="tick" text-anchor="end">{escape(said)}</text>'
        )

    def _dot(self, units: float, one: Mapping[str, float]) -> str:
        x, y = self._at(units, one["value"])
        said = f"{units:,} units: {one['value']:+.4g} ({one['low']:+.4g} to {one['high']:+.4g})"
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" class="dot"><title>{escape(said)}</title></circle>'


def _top(points: Sequence[tuple[int, Mapping[str, float]]], effect: float) -> float:
    """Half the height of the axes: intervals whole, but of the first looks those that are many times as wide."""
    ends = [max(abs(one["low"]), abs(one["high"])) for _, one in points]
    later = max(ends[len(ends) // 4 :])
    return 1.1 * max(min(max(ends), WIDEST * later), 2 * effect)


def _end(point: tuple[int, float]) -> float:
    return point[1]


def _with_sign(value: float) -> str:
    return f"{value:+.2g}" if value else "0"


def _round_numbers(right: float) -> range:
    """Four to eight numbers from 0 up that people count in."""
    size = 10 ** math.floor(math.log10(max(right, 10) / 4))
    step = next(size * times for times in (1, 2, 5, 10) if right / (size * times) <= 8)
    return range(0, int(right) + 1, int(step))


def _environment() -> Environment:
    environment = templates_of("monitoring.experiments", "monitoring.pages")
    names = ("number", "signed", "percent", "count", "moment")
    environment.filters |= {name: getattr(figures, name) for name in names}
    return environment
