"""Which column is behind it: what its readings say, weighted by how much the model leans on it."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from understudy.problem import ProblemSpec
from understudy.records import Reading, Snapshot

OF_A_COLUMN = ("drift.input.", "data.null.", "data.unseen.", "data.lag.", "data.grid.", "service.stale.")
VIEW = "service.stale."
FLOOR = 0.1
"""Weight of a column that the model does not lean on, where the most important one has 1."""
SURE = 10.0
"""Strength of what may not be at all, where another reading at 31 times its limit has a strength of 5 (log2)."""
MOST = 10


@dataclass(frozen=True)
class Suspect:
    """A column, or a view that went stale."""

    name: str
    score: float
    importance: float
    """Share of the loss of quality, over all columns, that shuffling it causes; 0 where the model does not read it."""
    says: tuple[str, ...]

    def json(self) -> dict[str, Any]:
        return asdict(self)


def suspects(snapshot: Snapshot, importance: Mapping[str, float], spec: ProblemSpec) -> list[Suspect]:
    """Columns with a reading beyond its limit, the likeliest first; a skewed column counts like one far beyond.

    Args:
        importance: loss of quality by shuffling each input, of any unit; what is below 0 counts as none.
    """
    positive = {name: max(loss, 0.0) for name, loss in importance.items()}
    total, largest = sum(positive.values()) or 1.0, max(positive.values(), default=0.0) or 1.0
    found = []
    for name, signs in _signs(snapshot).items():
        loss = sum(positive.get(column, 0.0) for column in _columns(name, spec))
        weight = FLOOR + (1 - FLOOR) * min(loss / largest, 1.0)
        score = weight * sum(strength for strength, _ in signs)
        found.append(Suspect(name, round(score, 4), round(loss / total, 4), tuple(said for _, said in signs)))
    return sorted(found, key=lambda one: (-one.score, one.name))[:MOST]


def segments_hit(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Segments whose quality is worse than the whole window's with confidence, the worst first."""
    hit: list[dict[str, Any]] = []
    for reading in snapshot.readings:
        metric, mark, segment = reading.name.removeprefix("quality.").partition(".segment.")
        whole = snapshot.reading(f"quality.{metric}") if mark else None
        if whole is None or whole.value is None or reading.value is None:
            continue
        rises = metric in ("roc_auc", "pr_auc")
        bound = reading.high if rises else reading.low
        worse = (whole.value - reading.value) if rises else (reading.value - whole.value)
        if bound is not None and (bound < whole.value if rises else bound > whole.value):
            row = {"segment": segment, "metric": metric, "value": reading.value, "window": whole.value}
            hit.append({**row, "worse": worse / (abs(whole.value) or 1.0), "rows": reading.rows})
    return sorted(hit, key=lambda row: (-row["worse"], row["segment"]))[:MOST]


def _signs(snapshot: Snapshot) -> dict[str, list[tuple[float, str]]]:
    """What speaks against each column: a strength, and words."""
    signs: dict[str, list[tuple[float, str]]] = {}
    for reading in snapshot.readings:
        prefix = next((each for each in OF_A_COLUMN if reading.name.startswith(each)), None)
        if prefix and (strength := _strength(reading)):
            name = f"view {reading.name.removeprefix(VIEW)}" if prefix == VIEW else reading.name.removeprefix(prefix)
            signs.setdefault(name, []).append((strength, _words(prefix, reading)))
    for name, share in _skewed(snapshot):
        said = f"served otherwise than training would have seen it, in {share:.1%} of the rows compared"
        signs.setdefault(name, []).append((SURE, said))
    return signs


def _strength(reading: Reading) -> float:
    """0 within the limit. A null column is not a thousand times worse than a drifted one: hence the logarithm."""
    if reading.value is None or reading.limit is None or reading.value <= reading.limit:
        return 0.0
    return min(math.log2(1 + reading.value / reading.limit), SURE) if reading.limit > 0 else SURE


def _words(prefix: str, reading: Reading) -> str:
    kind = {
        "drift.input.": "drifted",
        "data.null.": "missing",
        "data.unseen.": "values that training did not see",
        "data.lag.": "its clock is shifted",
        "data.grid.": "numbers that training does not have, as in another unit",
        "service.stale.": "too old to be served",
    }[prefix]
    about = f" ({reading.about})" if reading.about else ""
    return f"{kind}: {reading.value:.4g}, limit {reading.limit:.4g}{about}"


def _skewed(snapshot: Snapshot) -> Iterator[tuple[str, float]]:
    for row in snapshot.details.get("skew", {}).get("inputs", ()):
        if row["differ"]:
            yield row["input"], row["differ"] / (row["rows"] or 1)


def _columns(name: str, spec: ProblemSpec) -> tuple[str, ...]:
    view = next((view for view in spec.features.views if name == f"view {view.name}"), None)
    return view.columns if view else (name,)
