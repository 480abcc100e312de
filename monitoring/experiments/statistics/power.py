"""How many units an experiment needs, and with what probability it then promotes a challenger that deserves it.

Fixed horizon: the normal test of two means with unequal shares (Chow, Shao & Wang 2008, section 3.2). Peeking costs:
the bound of ``sequential`` lies higher. What it costs is not guessed but integrated over the looks (Armitage, McPherson
& Rowe 1969), with the stop for futility counted as power lost, and depends on alpha, power and looks only: the sample
is the fixed one times an inflation factor (Jennison & Turnbull 2000, chapter 2).
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from monitoring.experiments.statistics.sequential import bound
from understudy.statistics.metrics import FloatArray

NODES = 160
"""Points at which the density between two looks is integrated (Gauss and Legendre)."""


@dataclass(frozen=True)
class Design:
    """What the sample size follows from."""

    deviation: float
    """Of a unit's metric, as ``Moments.deviation`` gives it for the champion's past."""
    effect: float
    """Smallest difference that matters, in the metric's unit, greater than 0."""
    alpha: float = 0.05
    """Two-sided."""
    power: float = 0.8
    challenger: float = 0.5
    """Share of the units that the challenger gets, 0 to 1."""
    explained: float = 0.0
    """Share of the variance that the covariate takes away (r²), as ``Moments.explained`` gives it."""
    looks: int = 40
    """How often the running experiment is judged, evenly over the sample."""

    def drift(self, units: float) -> float:
        """The effect in standard errors once there are this many units in both arms together."""
        spread = self.deviation * math.sqrt((1 - self.explained) / (self.challenger * (1 - self.challenger)))
        return self.effect * math.sqrt(units) / spread


@dataclass(frozen=True)
class Sample:
    """Units to plan for."""

    champion: int
    challenger: int
    power: float
    """Reached with this sample."""
    expected: float
    """Units of both arms at which it stops on average when the effect is as small as it may be."""

    @property
    def units(self) -> int:
        return self.champion + self.challenger


def fixed_sample(design: Design) -> Sample:
    """Sample for one look at the end: ``n = (z_(1 - alpha/2) + z_power)² s² (1 - r²) / (w (1 - w) effect²)``."""
    units = _whole(design, (_fixed_drift(design.alpha, design.power) / design.drift(1)) ** 2)
    return Sample(*units, power=fixed_power(design, sum(units)), expected=float(sum(units)))


def fixed_power(design: Design, units: float) -> float:
    """Power of the two-sided normal test with this many units in both arms together."""
    z, drift = float(ndtri(1 - design.alpha / 2)), design.drift(units)
    return float(ndtr(drift - z) + ndtr(-drift - z))


def sequential_sample(design: Design) -> Sample:
    """Sample with which the always-valid procedure, looked at ``design.looks`` times, reaches the power."""
    drift = _sequential_drift(design.alpha, design.power, design.looks)
    units = _whole(design, (drift / design.drift(1)) ** 2)
    crossing = _crossing(design.drift(sum(units)), design.alpha, design.looks)
    return Sample(*units, power=crossing.power, expected=crossing.spent * sum(units))


def sequential_power(design: Design, units: float) -> float:
    """Probability to promote by the time that the planned units are in, when the effect is the smallest that matters.

    A stop for futility on the way, by the rule of ``futility``, counts as a failure.
    """
    return _crossing(design.drift(units), design.alpha, design.looks).power


def inflation(alpha: float, power: float, looks: int) -> float:
    """Times as many units as a test with one look needs."""
    return (_sequential_drift(alpha, power, looks) / _fixed_drift(alpha, power)) ** 2


@dataclass(frozen=True)
class _Crossing:
    power: float
    spent: float
    """Share of the sample at which it stops on average."""


def _crossing(drift: float, alpha: float, looks: int) -> _Crossing:
    """Follow the score s = z √t of the effect through the looks at t = 1 / looks, ..., 1 as long as nothing stops it.

    Promotion stops it above; harm, or an effect that is ruled out, below.
    """
    times = np.arange(1, looks + 1) / looks
    reach = bound(times, alpha) * np.sqrt(times)
    floors = np.maximum(-reach, drift * times - reach)
    points, weights = np.polynomial.legendre.leggauss(NODES)
    at, mass, before, promoted, spent = np.zeros(1), np.ones(1), 0.0, 0.0, 0.0
    for time, roof, floor in zip(times, reach, floors, strict=True):
        step = math.sqrt(time - before)
        ahead = at + drift * (time - before)
        spent += (time - before) * float(mass.sum())
        promoted += float(mass @ ndtr((ahead - roof) / step))
        if floor >= roof:
            break
        here = floor + (roof - floor) * (points + 1) / 2
        mass = _density(here, ahead, step) @ mass * weights * (roof - floor) / 2
        at, before = here, time
    return _Crossing(promoted, float(spent))


def _density(here: FloatArray, ahead: FloatArray, step: float) -> FloatArray:
    scaled = (here[:, None] - ahead[None, :]) / step
    density: FloatArray = np.exp(-0.5 * scaled**2) / (step * math.sqrt(2 * math.pi))
    return density


@cache
def _sequential_drift(alpha: float, power: float, looks: int) -> float:
    highest = 3 * (float(bound(1.0, alpha)) + float(ndtri(power)) + 1)
    return float(brentq(lambda drift: _crossing(drift, alpha, looks).power - power, 0.0, highest, xtol=1e-6))


@cache
def _fixed_drift(alpha: float, power: float) -> float:
    z = float(ndtri(1 - alpha / 2))
    return float(brentq(lambda drift: ndtr(drift - z) + ndtr(-drift - z) - power, 0.0, 2 * z + 20, xtol=1e-12))


def _whole(design: Design, units: float) -> tuple[int, int]:
    return math.ceil(units * (1 - design.challenger) - 1e-9), math.ceil(units * design.challenger - 1e-9)
