"""Columns that hold something else than they are declared to: numbers for names, or the values of a neighbour."""

from collections.abc import Iterator

import pyarrow as pa
from pyarrow import compute as pc

from pipelines.validate.finding import Finding
from understudy.problem import Column, Table

NUMBER = r"^[-+]?(\d+[.,]?\d*|[.,]\d+)([eE][-+]?\d+)?$"
NEARLY_ALL = 0.9
"""Share of numbers from which a column of names is taken for one of numbers."""
MOST = 0.5
"""Share of a neighbour's values from which two columns are taken for swapped."""
NAMING = ("feature", "context", "leak")
"""Roles whose categories mean something; an id, a unit or a class may well be a number."""
SHOWN = 3


def swapped_findings(table: pa.Table, declared: Table) -> Iterator[Finding]:
    """Whether each category holds names, and its own: what no check of single values can see while a list is open."""
    named = {name: about for name, about in declared.columns.items() if _names(about)}
    for name, about in named.items():
        if not _takes_numbers(about):
            yield _numbers(table[name], name)
        others = {other: set(named[other].categories) - {*about.categories, "..."} for other in named if other != name}
        if about.categories and any(others.values()):
            yield _neighbours(table[name], name, others)


def number_share(words: pa.ChunkedArray) -> float:
    """Share of the present values of text that are written as numbers; 0 where none is present."""
    numeric = pc.match_substring_regex(words.drop_null(), NUMBER)
    return float(pc.mean(numeric.cast(pa.float64())).as_py() or 0.0)


def _names(about: Column) -> bool:
    return about.kind == "category" and about.role in NAMING


def _takes_numbers(about: Column) -> bool:
    return about.codes or number_share(pa.chunked_array([pa.array(about.categories, pa.string())])) > 0


def _numbers(words: pa.ChunkedArray, name: str) -> Finding:
    share = number_share(words)
    if share < NEARLY_ALL:
        return Finding(name, "names")
    detail = (
        f"is declared as category but holds numbers, such as {_such_as(words, NUMBER)}; mend the source, or write"
        " codes: true for numbers that only name things, kind: number for amounts"
    )
    return Finding(name, "names", round(share * (len(words) - words.null_count)), detail, stops=True)


def _neighbours(words: pa.ChunkedArray, name: str, others: dict[str, set[str]]) -> Finding:
    present = words.drop_null()
    for other, theirs in others.items():
        of_other = pc.is_in(present, pa.array(sorted(theirs), pa.string()))
        count = pc.sum(of_other).as_py() or 0
        if count > MOST * len(present):
            detail = (
                f"holds the values of {other}, such as {_such_as(present.filter(of_other))}; the columns look swapped:"
                f" mend the source, or list these values for {name}, too"
            )
            return Finding(name, "swapped", count, detail, stops=True)
    return Finding(name, "swapped")


def _such_as(words: pa.ChunkedArray, pattern: str = "") -> str:
    values = words.drop_null().unique()
    return ", ".join(values.filter(pc.match_substring_regex(values, pattern)).to_pylist()[:SHOWN])
