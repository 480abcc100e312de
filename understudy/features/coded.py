"""Text as codes: each distinct value once, so that columns of it are joined at the speed of numbers."""

from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from understudy.features.plan import Array

Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Coded:
    """A column of text."""

    codes: Codes
    """Shape (n,): place in ``texts``, -1 for missing."""
    texts: Array
    """Shape (distinct,): objects of str, no two of them equal."""

    def objects(self) -> Array:
        """The column itself, shape (n,): objects of str, "" for missing."""
        return np.append(self.texts, "")[self.codes]


def coded(values: pa.ChunkedArray, category: bool = True) -> Coded:
    """Code a column.

    Args:
        values: of any type, dictionary-encoded or not.
        category: whether it is one; the text of any other kind is DuckDB's, by which views are keyed.
    """
    if not pa.types.is_dictionary(values.type):
        values = values.dictionary_encode()
    whole = values.unify_dictionaries().combine_chunks()
    texts = whole.dictionary.cast(pa.string()) if category else _as_keyed(whole.dictionary)
    distinct = texts.dictionary_encode()
    places = np.append(_codes(distinct.indices), -1)
    objects = np.empty(len(distinct.dictionary), dtype=object)
    objects[:] = distinct.dictionary.to_pylist()
    return Coded(places[_codes(whole.indices)], objects)


def _codes(indices: pa.Array) -> Codes:
    codes: Codes = indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
    return codes


def _as_keyed(values: pa.Array) -> pa.Array:
    if pa.types.is_string(values.type):
        return values
    with duckdb.connect() as database:
        database.register("distinct values", pa.table({"value": values}))
        texts = database.sql('SELECT CAST("value" AS VARCHAR) AS "text" FROM "distinct values"').to_arrow_table()
    return texts.column("text").combine_chunks()
