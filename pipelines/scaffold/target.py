"""Reading the column that is to be predicted: which of its values counts as positive."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute as pc

from pipelines.ingest.conform import CASTS
from pipelines.scaffold.inspect import trimmed
from understudy.errors import DataError
from understudy.problem.columns import Kind

MANY = 20
FEWEST = 15
YES = ("yes", "y", "true", "t", "1", "1.0")
SHOWN = 6


@dataclass(frozen=True)
class Target:
    """``y`` int8 [rows], -1 where the target is missing; ``positive`` is none for a flag."""

    kind: Kind
    positive: str | None
    y: NDArray[np.int8]
    why: str

    @property
    def missing(self) -> int:
        return int((self.y < 0).sum())

    @property
    def rate(self) -> float:
        """Share of positives among the rows that have a target."""
        return float((self.y > 0).sum() / max(1, len(self.y) - self.missing))


def read_target(values: pa.ChunkedArray, name: str, positive: str | None) -> Target:
    """Make a yes-or-no question of a column.

    Raises:
        DataError: it has one class, too many, too few rows of one, or no row with the value ``positive``.
    """
    words = _words(values)
    counts = {entry["values"]: entry["counts"] for entry in pc.value_counts(words.drop_null()).to_pylist()}
    if len(counts) < 2:
        raise DataError(
            f"The target {name!r} has {_only(counts)}; there is nothing to tell apart.", "Name another --target."
        )
    target = _one_against_rest(words, counts, name, positive) if positive else _two_classes(words, counts, name)
    fewer = min(int((target.y == 0).sum()), int((target.y == 1).sum()))
    if fewer < FEWEST:
        raise DataError(
            f"The target {name!r} has only {fewer} rows of its rarer class; {FEWEST} are the least to split and judge.",
            "Gather more rows, or join rare classes.",
        )
    return target


def _two_classes(words: pa.ChunkedArray, counts: dict[str, int], name: str) -> Target:
    if len(counts) > 2:
        raise _too_many(counts, name)
    flag = _as_flag(words)
    if flag is not None:
        return Target("flag", None, _codes(flag), "yes-or-no target")
    positive = next((value for value in counts if value.lower() in YES), min(counts, key=lambda v: (counts[v], v)))
    why = f"{positive!r}, the rarer of two values, counts as positive; --positive chooses the other"
    return Target("category", positive, _codes(pc.equal(words, positive)), why)


def _one_against_rest(words: pa.ChunkedArray, counts: dict[str, int], name: str, positive: str) -> Target:
    if positive not in counts:
        raise DataError(f"The target {name!r} is never {positive!r}; it is {_listed(counts)}.", "Correct --positive.")
    rest = "the other value" if len(counts) == 2 else f"the other {len(counts) - 1} values"
    return Target("category", positive, _codes(pc.equal(words, positive)), f"{positive!r} against {rest}")


def _words(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """As ingest reads a category: trimmed text, empty is missing."""
    if pa.types.is_floating(values.type):
        values = _whole(values)
    return trimmed(CASTS["category"](values))


def _whole(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Floats that are all whole numbers as integers: a column of 0 and 1 with gaps often comes as floats."""
    try:
        return pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values).cast(pa.int64())
    except pa.ArrowInvalid:
        return values


def _as_flag(words: pa.ChunkedArray) -> pa.ChunkedArray | None:
    try:
        return CASTS["flag"](words)
    except pa.ArrowInvalid:
        return None


def _codes(flag: pa.ChunkedArray) -> NDArray[np.int8]:
    codes: NDArray[Any] = pc.fill_null(flag.cast(pa.int8()), -1).to_numpy()
    return codes.astype(np.int8)


def _too_many(counts: dict[str, int], name: str) -> DataError:
    if len(counts) > MANY and _are_numbers(list(counts)):
        return DataError(
            f"The target {name!r} is a quantity with {len(counts):,} different values; only yes-or-no targets are"
            " supported for now.",
            "Add a column that says whether it passes a limit, such as amount > 100, and name that as --target.",
        )
    example = min(counts, key=lambda value: (counts[value], value))
    return DataError(
        f"The target {name!r} has {len(counts):,} classes ({_listed(counts)}); only yes-or-no targets are supported"
        " for now.",
        f"Choose the one to predict against the rest: --positive {example!r}.",
    )


def _are_numbers(values: list[str]) -> bool:
    try:
        pa.array(values).cast(pa.float64())
    except pa.ArrowInvalid:
        return False
    return True


def _only(counts: dict[str, int]) -> str:
    return f"one class, {next(iter(counts))!r}" if counts else "no value in any row"


def _listed(counts: dict[str, int]) -> str:
    often = sorted(counts, key=lambda value: (-counts[value], value))
    return ", ".join(map(repr, often[:SHOWN])) + (", ..." if len(often) > SHOWN else "")
