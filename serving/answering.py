"""A batch on its way from rows to predictions."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from serving.batching import Item, Row
from serving.features import Features, RequestFeatures
from serving.ids import new_ids
from serving.lineup import Lineup
from serving.model import FloatArray
from serving.oddities import Oddities
from serving.schema import key_text
from understudy.problem import ProblemSpec
from understudy.records import Deployment, Prediction
from understudy.records.deployment import Placed


@dataclass(slots=True)
class Batch:
    """Rows that are answered together; every list has one entry for each."""

    lineup: Lineup
    items: list[Item]
    rows: list[Row]
    features: Features
    inputs: list[dict[str, Any]]
    flags: list[list[str]]
    at: datetime
    ids: list[str]
    times: list[datetime | None]
    keys: list[str]
    units: list[str]
    propensities: list[float]
    """Probability of the arm that was assigned."""

    def take(self, places: Sequence[int]) -> "Batch":
        """Some of the rows."""
        return Batch(
            self.lineup,
            [self.items[place] for place in places],
            [self.rows[place] for place in places],
            self.features.take(places),
            [self.inputs[place] for place in places],
            [self.flags[place] for place in places],
            self.at,
            [self.ids[place] for place in places],
            [self.times[place] for place in places],
            [self.keys[place] for place in places],
            [self.units[place] for place in places],
            [self.propensities[place] for place in places],
        )


class Intake:
    """Computes of a batch what does not depend on the arm."""

    def __init__(self, spec: ProblemSpec, features: RequestFeatures) -> None:
        self.features = features
        self._id, self._time, self._unit = spec.id, spec.event_time, next(iter(spec.having("unit")), None)

    def batch(self, lineup: Lineup, oddities: Oddities, items: list[Item], at: datetime) -> Batch:
        """
        Raises:
            RequestError: a row lacks its event time.
        """
        rows = [request.rows[place] for request, place in items]
        made = self.features.of(rows)
        return Batch(
            lineup=lineup,
            items=items,
            rows=rows,
            features=made,
            inputs=self.features.inputs(made),
            flags=oddities.of(rows, made),
            at=at,
            ids=new_ids(len(rows), at),
            times=[row[self._time] for row in rows] if self._time else [None] * len(rows),
            keys=[key_text(row[self._id]) for row in rows],
            units=[key_text(row[self._unit]) for row in rows] if self._unit else [""] * len(rows),
            propensities=[1.0] * len(rows),
        )


def predictions(batch: Batch, placed: Placed, scores: FloatArray, fallback: str) -> list[Prediction]:
    """The records of a batch that one arm answered."""
    deployment: Deployment = batch.lineup.deployment
    threshold = batch.lineup.threshold(placed)
    now = time.perf_counter()
    return [
        Prediction(
            id=batch.ids[n],
            problem=deployment.problem,
            at=batch.at,
            event_time=batch.times[n],
            key=batch.keys[n],
            unit=batch.units[n],
            standing="live",
            arm=placed.name,
            version=placed.version,
            revision=deployment.revision,
            experiment=deployment.experiment,
            propensity=batch.propensities[n],
            score=score,
            threshold=threshold,
            decision=score >= threshold,
            fallback=fallback,
            flags=batch.flags[n],
            request=dict(batch.rows[n]),
            inputs=batch.inputs[n],
            latency_ms=round((now - batch.items[n][0].since) * 1000, 3),
        )
        for n, score in enumerate(scores.tolist())
    ]
