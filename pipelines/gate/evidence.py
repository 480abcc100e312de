"""What the gate looks at: the figures and the judged rows that evaluate left."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipelines.job import Job
from understudy.bundle.manifest import Inputs
from understudy.files import read_json
from understudy.problem import ProblemSpec
from understudy.statistics.bootstrap import Resample
from understudy.statistics.decisions import best_threshold

Array = NDArray[Any]
SCORE_OF, DECISION_OF = "score__", "decision__"


@dataclass(frozen=True)
class Evidence:
    """Figures and rows of the test set, as evaluate judged them.

    Attributes:
        metrics: the contents of ``metrics.json``.
        judged: rows with ``block``, ``y``, ``score``, ``decision``, ``score__<baseline>`` and the model's inputs.
    """

    spec: ProblemSpec
    metrics: dict[str, Any]
    judged: pa.Table

    @cached_property
    def y(self) -> Array:
        return self._array("y")

    @cached_property
    def score(self) -> Array:
        return self._array("score")

    @cached_property
    def decision(self) -> Array:
        return self._array("decision")

    @cached_property
    def resample(self) -> Resample:
        """The draws of whole blocks that all comparisons share."""
        return Resample(self._array("block"), self.spec.evaluation.bootstrap, self.spec.seed)

    @property
    def baselines(self) -> tuple[str, ...]:
        names = (name for name in self.judged.column_names if name.startswith(SCORE_OF))
        return tuple(name.removeprefix(SCORE_OF) for name in names)

    def baseline(self, name: str) -> tuple[Array, Array]:
        """Score and decision of a baseline [rows].

        Its decision is the recorded one, else that of the threshold which suits it best on these very rows.
        """
        score = self._array(f"{SCORE_OF}{name}")
        if f"{DECISION_OF}{name}" in self.judged.column_names:
            return score, self._array(f"{DECISION_OF}{name}")
        return score, score >= best_threshold(self.y, score, self.spec.costs).value

    def columns(self, inputs: Inputs) -> dict[str, Any]:
        """Those of a model's inputs that the judged rows have, by name."""
        names = inputs.number_names + inputs.category_names
        return {name: self.judged[name].to_pylist() for name in names if name in self.judged.column_names}

    def _array(self, name: str) -> Array:
        return np.asarray(self.judged[name].to_numpy())


def read_evidence(job: Job) -> Evidence:
    """Read what evaluate wrote."""
    return Evidence(
        spec=job.spec,
        metrics=read_json(job.input("evaluate", "metrics.json")),
        judged=pq.read_table(job.input("evaluate", "judged.parquet")),
    )
