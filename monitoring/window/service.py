"""How the service did: how much, how fast, what failed, what was stale, and whether scores still differ."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitoring.window.figures import Finding, a_reading, share
from monitoring.window.read import Rows, Window, column_of
from understudy.problem import ProblemSpec
from understudy.records import Deployment, Reading
from understudy.statistics.metrics import Array

FAILED = ("error", "timeout")
"""Why a fallback answered, where the arm itself failed rather than rested."""
MOST_STALE = 0.01
MOST_DROPPED = 0.05
STALE, ALL = "stale views: ", "all"
BARS = 40


def service(
    window: Window, spec: ProblemSpec, version: int, reference: Array, history: Mapping[int, Deployment]
) -> Finding:
    """Figures of all live rows; the commonest score is the champion's.

    Args:
        reference: scores of training rows.
        history: deployments by revision: which shadows each row was offered to.
    """
    rows, shadows = window.live, window.shadows
    hours = (window.until - window.since) / timedelta(hours=1)
    latency = rows.column("latency_ms")
    fallbacks = Counter(rows.answers.column("fallback").to_pylist())
    fallbacks.pop("", None)
    failures = sum(fallbacks[why] for why in FAILED) + sum(error != "" for error in shadows["error"].to_pylist())
    answered = len(rows) + shadows.num_rows
    readings = [
        a_reading("service.rate", len(rows) / hours, len(rows), about="predictions an hour, by the problem's clock"),
        *(_quantile(latency, q, name) for q, name in ((0.5, "p50_ms"), (0.99, "p99_ms"))),
        a_reading("service.fallbacks", share(sum(fallbacks.values()), len(rows)), len(rows)),
        a_reading("service.errors", share(failures, answered), answered, about="of live and shadow predictions"),
        _dropped(rows, shadows, history),
        *_stale(rows, spec),
        _constant(rows, version, reference),
    ]
    details = {"fallbacks": dict(fallbacks), "arms": _arms(rows, shadows), "latency": _histogram(latency)}
    return Finding(tuple(readings), details)


def model_age(learned_until: datetime | None, deployed_at: datetime | None, until: datetime, now: datetime) -> Reading:
    """Days from the newest training row to the window's end; where rows are undated, from the champion's deployment."""
    if learned_until is not None:
        return a_reading(
            "service.model_age_days", _days(until - learned_until), 0, about="since its newest training row"
        )
    if deployed_at is not None:
        return a_reading("service.model_age_days", _days(now - deployed_at), 0, about="since it was deployed")
    return a_reading("service.model_age_days", None, 0, about="Neither its rows nor its deployment are dated.")


def _days(span: timedelta) -> float:
    return span / timedelta(days=1)


def _quantile(latency: Array, q: float, name: str) -> Reading:
    return a_reading(f"service.{name}", float(np.quantile(latency, q)) if len(latency) else None, len(latency))


def _dropped(rows: Rows, shadows: pa.Table, history: Mapping[int, Deployment]) -> Reading:
    """Share of what was offered to shadows that none of them scored."""
    offered = sum(
        count * len(history[revision].shadows)
        for revision, count in Counter(rows.column("revision").tolist()).items()
        if revision in history
    )
    if not offered:
        return a_reading("service.shadow_dropped", None, 0, MOST_DROPPED, "There was no shadow.")
    return a_reading("service.shadow_dropped", max(0.0, 1 - shadows.num_rows / offered), offered, MOST_DROPPED)


def _stale(rows: Rows, spec: ProblemSpec) -> list[Reading]:
    """For each view the share of rows that found it too old, from their flags."""
    names, counts = [view.name for view in spec.features.views], Counter[str]()
    for flag, count in Counter(rows.answers.column("flags").combine_chunks().flatten().to_pylist()).items():
        if flag.startswith(STALE):
            said = flag.removeprefix(STALE)
            for name in names if said == ALL else said.split(", "):
                counts[name] += count
    return [a_reading(f"service.stale.{name}", share(counts[name], len(rows)), len(rows), MOST_STALE) for name in names]


def _constant(rows: Rows, version: int, reference: Array) -> Reading:
    """Share of the champion's commonest score; its limit is half way from that in training to all rows."""
    scores = rows.column("score")[rows.column("version") == version]
    usual = commonest(reference) if len(reference) else 0.0
    return a_reading("service.constant", commonest(scores), len(scores), (1 + usual) / 2)


def commonest(scores: Array) -> float:
    """Share of the commonest of some scores, as float32 tells them apart; NaN of none."""
    there = scores[~np.isnan(scores)].astype(np.float32)
    return share(float(np.unique(there, return_counts=True)[1].max(initial=0)), len(there))


def _arms(rows: Rows, shadows: pa.Table) -> list[dict[str, Any]]:
    return [
        {"arm": arm, "version": version, "standing": standing, **_figures(table.filter(mine))}
        for standing, table in (("live", rows.answers), ("shadow", shadows))
        for arm, version, mine in _places(table)
    ]


def _places(table: pa.Table) -> Iterator[tuple[str, int, pa.ChunkedArray]]:
    """Arm, version and a mask of its rows."""
    for place in table.select(["arm", "version"]).group_by(["arm", "version"]).aggregate([]).to_pylist():
        mine = pc.and_(pc.equal(table["arm"], place["arm"]), pc.equal(table["version"], place["version"]))
        yield place["arm"], place["version"], mine


def _figures(rows: pa.Table) -> dict[str, Any]:
    latency, score = column_of(rows, "latency_ms"), column_of(rows, "score")
    return {
        "rows": len(latency),
        "p50_ms": float(np.quantile(latency, 0.5)),
        "p99_ms": float(np.quantile(latency, 0.99)),
        "mean_score": None if np.isnan(score).all() else float(np.nanmean(score)),
    }


def _histogram(latency: Array) -> dict[str, list[float]]:
    """Share of rows by latency up to its 99th percentile."""
    if not len(latency):
        return {"edges": [], "shares": []}
    edges = np.linspace(0, max(float(np.quantile(latency, 0.99)), 0.1), BARS + 1)
    return {"edges": edges.round(4).tolist(), "shares": (np.histogram(latency, edges)[0] / len(latency)).tolist()}
