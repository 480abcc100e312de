"""From rows of a request to the model's tensors, a batch at a time, with the code that training used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from serving.feature_cache import EPOCH, MICROSECOND, FeatureCache
from serving.model import Array, FloatArray
from understudy.bundle import Manifest
from understudy.errors import BundleError, RequestError
from understudy.features.plan import make_plan
from understudy.features.snapshot import as_array
from understudy.problem import ProblemSpec

__all__ = ["FeatureCache", "Features", "RequestFeatures"]

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Features:
    """Model inputs of some rows."""

    numbers: FloatArray | None
    """float32 [rows, numbers], NaN for missing; None where the model reads no numbers."""
    categories: Array | None
    """Text [rows, categories], "" for missing; None where it reads none."""
    watched: FloatArray | None
    """float32 [rows, watched]: logged, and read by no model."""
    stale: list[str]
    """For each row which views were too old to be used, in words; "" for none."""

    def take(self, places: Sequence[int]) -> "Features":
        """Some of the rows."""
        kept = list(places)
        return Features(
            None if self.numbers is None else self.numbers[kept],
            None if self.categories is None else self.categories[kept],
            None if self.watched is None else self.watched[kept],
            [self.stale[place] for place in kept],
        )


class RequestFeatures:
    """Computes model inputs by the problem's plan, from requests and looked-up values."""

    def __init__(self, spec: ProblemSpec, cache: FeatureCache) -> None:
        self.spec, self.cache = spec, cache
        self.names = spec.numbers + spec.categories + spec.watched
        """The inputs in the order of the two tensors, then what is watched."""
        self._plan = make_plan(spec)
        self._time = spec.event_time if cache.views else None
        self._fields = [(name, spec.columns[name].kind) for name in self._plan.fields]

    def of(self, rows: Sequence[Row]) -> Features:
        """Model inputs of rows that have every field of the request.

        Raises:
            RequestError: a row has no event time, and the problem needs one.
        """
        times = self._times(rows)
        columns: dict[str, Array] = {name: as_array([row[name] for row in rows], kind) for name, kind in self._fields}
        looked_up, stale = self.cache.look_up(rows, times)
        columns.update(looked_up)
        if not columns:
            return Features(None, None, None, stale)
        with np.errstate(all="ignore"):
            return Features(*self._plan.tensors(columns), stale)

    def inputs(self, features: Features) -> list[dict[str, Any]]:
        """The same values as JSON-able dicts, exactly: None for missing numbers."""
        parts = (_listed(features.numbers), _listed(features.categories), _listed(features.watched))
        values = [list(chain(*row)) for row in zip(*(part for part in parts if part is not None), strict=True)]
        names = self.names
        return [dict(zip(names, row, strict=True)) for row in values]

    def check(self, manifest: Manifest, version: int) -> None:
        """
        Raises:
            BundleError: the model reads other inputs than the problem makes.
        """
        if (manifest.inputs.number_names, manifest.inputs.category_names) != (self.spec.numbers, self.spec.categories):
            raise BundleError(
                f"Version {version} is refused: it reads other inputs than this server's {self.spec.name} makes.",
                "Run the server from the checkout that the version was trained in, or train it again.",
            )

    def _times(self, rows: Sequence[Row]) -> list[int]:
        name = self._time
        if name is None:
            return [0] * len(rows)
        moments = [row[name] for row in rows]
        if None in moments:
            raise RequestError(f"The field {name!r} is missing.", "Give the time that the prediction is for.", name)
        return [(moment - EPOCH) // MICROSECOND for moment in moments]


def _listed(matrix: Array | None) -> list[list[Any]] | None:
    if matrix is None or matrix.dtype == object:
        return None if matrix is None else matrix.tolist()
    values = matrix.astype(object)
    values[np.isnan(matrix)] = None
    listed: list[list[Any]] = values.tolist()
    return listed
