"""The sample of training rows that later traffic is compared with."""

import numpy as np
import pyarrow as pa

from pipelines.bundle.parity import score_frame
from pipelines.models.frame import model_frame, sample_index
from understudy.bundle import Scorer
from understudy.problem import ProblemSpec

ROWS = 5_000
SCORE = "score"


def reference_sample(train: pa.Table, scorer: Scorer, spec: ProblemSpec) -> pa.Table:
    """At most ``ROWS`` training rows in their order: the model's inputs, ``score`` and the target (0 or 1)."""
    rows = train.take(sample_index(train.num_rows, ROWS, spec.seed))
    frame = model_frame(rows, spec)
    columns = {name: pa.array(frame[name].to_numpy()) for name in spec.numbers}
    columns |= {name: pa.array(frame[name], pa.string()) for name in spec.categories}
    columns[SCORE] = pa.array(score_frame(scorer, frame, spec))
    columns[spec.target] = pa.array(rows[spec.target].to_numpy().astype(np.int8))
    return pa.table(columns)
