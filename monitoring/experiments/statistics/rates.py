"""Is one rate above another by more than a margin? Without any approximation, for a handful of requests or a million.

For s events and f requests without, the Beta-binomial mixture ``M(p) = B(a + s, b + f) / (B(a, b) pˢ (1 - p)ᶠ)`` passes
1 / alpha at any look with probability alpha at most when the rate is p (Robbins 1970; Howard, Ramdas, McAuliffe &
Sekhon 2021). No request is in both arms, so the same holds for the product of both arms' figures, and its smallest
value over all pairs of rates that the margin allows is evidence against them all (Wasserman, Ramdas & Balakrishnan
2020, "Universal inference"). The likeliest such pair, which makes it smallest, is found by halving.
"""

import numpy as np
from scipy.optimize import brentq
from scipy.special import betaln, xlog1py, xlogy

from understudy.statistics.metrics import FloatArray

Numbers = float | FloatArray

PRIOR = 0.5
"""a and b, after Jeffreys: rates near 0 and 1 are what errors have."""
HALVINGS = 50


def log_evidence(
    events: Numbers, requests: Numbers, other_events: Numbers, other_requests: Numbers, margin: Numbers
) -> FloatArray:
    """ln of the evidence that the other rate exceeds the first one by more than the margin; any shape, -inf for none.

    Args:
        margin: difference of rates that is allowed, above -1 and below 1.
    """
    s, n, t, m = (np.asarray(number, dtype=np.float64) for number in (events, requests, other_events, other_requests))
    rate = likeliest(s, n - s, t, m - t, np.asarray(margin, dtype=np.float64))
    other = np.clip(rate + margin, 0.0, 1.0)
    seen = betaln(PRIOR + s, PRIOR + n - s) + betaln(PRIOR + t, PRIOR + m - t) - 2 * betaln(PRIOR, PRIOR)
    allowed = xlogy(s, rate) + xlog1py(n - s, -rate) + xlogy(t, other) + xlog1py(m - t, -other)
    beyond = t / np.maximum(m, 1.0) - s / np.maximum(n, 1.0) > margin
    evidence: FloatArray = np.where(beyond, seen - allowed, -np.inf)
    return evidence


def least_excess(events: float, requests: float, other_events: float, other_requests: float, alpha: float) -> float:
    """The other rate minus the first is at least this, with confidence 1 - alpha at every look; -1 for anything."""
    limit = -float(np.log(alpha))
    found = other_events / max(other_requests, 1) - events / max(requests, 1)

    def beyond(margin: float) -> float:
        return max(float(log_evidence(events, requests, other_events, other_requests, margin)), -limit) - limit

    lowest = -1 + 1e-9
    return float(brentq(beyond, lowest, found, xtol=1e-9)) if found > lowest and beyond(lowest) > 0 else -1.0


def likeliest(s: FloatArray, f: FloatArray, t: FloatArray, g: FloatArray, margin: FloatArray) -> FloatArray:
    """Rate p that makes s events and f others most likely, together with t and g at the rate p + margin."""
    low, high = np.broadcast_arrays(np.maximum(0.0, -margin), np.minimum(1.0, 1.0 - margin), s, t)[:2]
    for _ in range(HALVINGS):
        p = (low + high) / 2
        slope = _pull(s, p) - _pull(f, 1 - p) + _pull(t, p + margin) - _pull(g, 1 - p - margin)
        low, high = np.where(slope > 0, p, low), np.where(slope > 0, high, p)
    return np.asarray((low + high) / 2)


def _pull(seen: FloatArray, rate: FloatArray) -> FloatArray:
    pull: FloatArray = seen / np.maximum(rate, np.finfo(np.float64).tiny)
    return pull
