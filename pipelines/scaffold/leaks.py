"""Columns that look as if they were filled in after the fact, found before anything is trained."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.ingest.conform import CASTS
from pipelines.probe.derived import target_derived
from pipelines.probe.finding import Finding
from pipelines.probe.missing import missing_patterns
from pipelines.probe.sample import ROWS, Sample, numbers_of, words_of
from pipelines.probe.separation import SURE, auc_error, single_features
from pipelines.scaffold.inspect import Guess, snake, trimmed
from understudy.problem.decision import Probes

LIMIT = Probes().single_feature_auc
NEARLY_THE_TARGET = 0.95
"""ROC AUC that a column must surely exceed alone to be kept out unasked; honest columns hardly ever do."""
STANDS_OUT = 0.75
TIMES_THE_NEXT = 1.75
LEARNED = 0.6
"""Share of the rows, from the oldest, that a dated problem learns from."""
AFTERWARDS = re.compile(
    r"(^|_)(after|afterwards|actual|outcome|final|resolution|resolved)(_|$)|^post_(?!code|al|office)"
)


@dataclass(frozen=True)
class Suspicion:
    """Why a column looks like a leak; ``sure`` when it is kept from the model without asking.

    ``strong`` when the probes may stop a run that has the column as a feature.
    """

    column: str
    why: str
    sure: bool
    strong: bool = True


def find_suspects(
    guesses: Sequence[Guess], table: pa.Table, y: NDArray[np.int8], target: str, order: NDArray[np.int64] | None
) -> list[Suspicion]:
    """Run the leak probes on every column guessed to be a feature.

    Args:
        y: int8 [rows], -1 where the target is missing.
        order: places of the rows from the oldest; none when undated. Dated rows are judged on the oldest as
            well, which is what will be learned from.
    """
    features = [guess for guess in guesses if guess.role == "feature"]
    found = _found(features, table, np.flatnonzero(y >= 0), y, target)
    if order is not None:
        oldest = order[: int(LEARNED * len(order))]
        found |= {c: s for c, s in _found(features, table, oldest[y[oldest] >= 0], y, target).items() if c not in found}
    suspects = list(found.values())
    if sum(suspect.sure for suspect in suspects) < len(features):
        return suspects
    return [replace(suspect, sure=False) for suspect in suspects]


def twin_share(guesses: Sequence[Guess], table: pa.Table) -> float:
    """Share of the rows that equal another row in every column guessed to be a feature."""
    names = [guess.name for guess in guesses if guess.role == "feature"]
    return float(table.select(names).to_pandas().duplicated(keep=False).mean())


def _found(
    features: Sequence[Guess], table: pa.Table, rows: NDArray[np.int64], y: NDArray[np.int8], target: str
) -> dict[str, Suspicion]:
    if len(np.unique(y[rows])) < 2:
        return {}
    kept = rows[np.linspace(0, len(rows) - 1, min(len(rows), ROWS)).astype(np.int64)]
    sample = _sample(features, table.take(kept), y[kept])
    alone = single_features(sample, LIMIT)
    certain = [f for f in target_derived(sample, target) + missing_patterns(sample) if f.failed]
    certain += [f for f in alone if _surely_above(f, sample.y) > NEARLY_THE_TARGET]
    found = {f.feature: Suspicion(f.feature, f.detail, True) for f in reversed(certain)}
    found |= {f.feature: _by_name(f) for f in alone if AFTERWARDS.search(snake(f.feature)) and f.feature not in found}
    strong = [f for f in alone if f.feature not in found and (f.figure > LIMIT or _stands_out(f, alone, found))]
    return found | {f.feature: Suspicion(f.feature, f.detail, False) for f in strong}


def _stands_out(finding: Finding, alone: Sequence[Finding], found: dict[str, Suspicion]) -> bool:
    """Whether the best feature separates far better than the next: honest columns come in company."""
    rest = [other for other in alone if other.feature not in found]
    if finding is not rest[0] or finding.figure < STANDS_OUT or len(rest) < 2:
        return False
    return finding.figure - 0.5 > TIMES_THE_NEXT * (rest[1].figure - 0.5)


def _surely_above(finding: Finding, y: NDArray[np.int64]) -> float:
    positives = int(y.sum())
    return finding.figure - SURE * auc_error(finding.figure, positives, len(y) - positives)


def _by_name(finding: Finding) -> Suspicion:
    """A name is proof only where the column separates well, too: ``final`` may be the final of a cup."""
    strong = finding.figure >= STANDS_OUT
    why = f"The name of {finding.feature!r} says that it is known afterwards. {finding.detail}"
    return Suspicion(finding.feature, why, sure=strong, strong=strong)


def _sample(features: Sequence[Guess], table: pa.Table, y: NDArray[np.int8]) -> Sample:
    numeric = [guess for guess in features if guess.kind != "category"]
    words = [guess for guess in features if guess.kind == "category"]
    return Sample(
        y.astype(np.int64),
        numbers={guess.name: numbers_of(CASTS[guess.kind](trimmed(table[guess.name]))) for guess in numeric},
        categories={guess.name: words_of(CASTS["category"](trimmed(table[guess.name]))) for guess in words},
    )
