"""Rows on their way to shadows: bytes from the moment that they are answered.

Kept as objects until they are handed over, they would outlive the garbage collector's first look: it would run, and
they would be let go all at once, while live requests wait.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson

from serving.features import Features
from serving.model import Array, FloatArray
from serving.shadow.frames import pack
from serving.shadow.records import Judge, told
from understudy.records import Prediction


@dataclass(slots=True)
class Rows:
    """Batches that were answered, packed, in order; all of them with the same kinds of inputs."""

    count: int = 0
    heads: list[bytes] = field(default_factory=list)
    """Of each batch, as JSON: what the live predictions are called, the width of the numbers, and the categories."""
    bodies: list[bytes] = field(default_factory=list)
    """Of each batch that has numbers: those."""

    def add(self, live: Sequence[Prediction], features: Features) -> None:
        numbers, categories = features.numbers, features.categories
        head = {
            "rows": [told(prediction) for prediction in live],
            "width": None if numbers is None else numbers.shape[1],
            "texts": None if categories is None else categories.tolist(),
        }
        packed, body = orjson.dumps(head), [] if numbers is None else [numbers.tobytes()]
        self.heads.append(packed)
        self.bodies += body
        self.count += len(live)

    def frame(self, score: Sequence[tuple[int, Judge]]) -> bytes:
        """What has the process score these rows.

        Args:
            score: by which shadows, each under a number of its own.
        """
        return pack({"score": score, "batches": [orjson.Fragment(head) for head in self.heads]}, b"".join(self.bodies))


def unpack(head: dict[str, Any], body: bytes) -> tuple[list[list[Any]], FloatArray | None, Array | None]:
    """What was told of each row of such a frame, and the two tensors."""
    batches = head["batches"]
    rows = [row for batch in batches for row in batch["rows"]]
    width, texts = batches[0]["width"], batches[0]["texts"]
    numbers = None if width is None else np.frombuffer(body, np.float32).reshape(-1, width)
    categories = None if texts is None else [text for batch in batches for text in batch["texts"]]
    return rows, numbers, None if categories is None else np.array(categories, dtype=object)
