"""Pages about an experiment and about what the guard took out, drawn from their records alone."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment
from markupsafe import Markup, escape

from monitoring.experiments.plan import plan_of
from monitoring.pages import figures
from understudy.adapters.pages import templates_of
from understudy.problem import ProblemSpec
from understudy.records import Alert, Experiment

WIDTH, HEIGHT, LEFT, BOTTOM = 920, 320, 70, 46
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
            said=VERDICTS.get(experiment.verdict, experiment.verdict),
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
    ends = [abs(one[name]) for _, one in points[len(points) // 4 :] for name in ("low", "high")]
    top = 1.1 * max(*ends, 2 * effect)
    return _Picture(right, top).drawn(points, effect, planned)


class _Picture:
    """Axes from 0 to ``right``, and from minus ``top`` to ``top``."""

    def __init__(self, right: float, top: float) -> None:
        self.right, self.top = right, top

    def drawn(self, points: Sequence[tuple[int, Mapping[str, float]]], effect: float, planned: int) -> Markup:
        upper = [(units, one["high"]) for units, one in points]
        lower = [(units, one["low"]) for units, one in reversed(points)]
        parts = [
            *self._frame(),
            f'<path d="{self._path([*upper, *lower])}Z" class="band"/>',
            self._across(0, "even", ""),
            self._across(-effect, "before", "gain that matters"),
            self._up(planned, "planned"),
            f'<path d="{self._path([(units, one["value"]) for units, one in points])}" class="curve"/>',
            *(self._dot(units, one) for units, one in points),
        ]
        label = "Challenger minus champion with its confidence sequence, over labelled units"
        opening = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}" class="plot">'
        return Markup(f"{opening}{''.join(parts)}</svg>")  # noqa: S704 (whatever is not a number was escaped)

    def _at(self, x: float, y: float) -> tuple[float, float]:
        inside = min(max(y, -self.top), self.top)
        across = LEFT + (WIDTH - LEFT - 14) * x / self.right
        return across, (HEIGHT - BOTTOM) * (0.5 - 0.5 * inside / self.top) + 6

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
        text = f'<text x="{WIDTH - 16}" y="{y - 5:.1f}" class="tick" text-anchor="end">{escape(said)}</text>'
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
