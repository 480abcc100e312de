"""Which encoding a categorical column gets, by how many categories it has in the training rows."""

from typing import Any

import pandas as pd
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, TargetEncoder

from pipelines.models.hashing import HashingEncoder
from understudy.problem.learning import Encoding

UNKNOWN = -1


def choose_encoders(frame: pd.DataFrame, first: int, encoding: Encoding, seed: int) -> list[tuple[str, Any, list[int]]]:
    """Steps of a column transformer for the categorical columns from position ``first`` on.

    Args:
        frame: training rows only [rows, inputs]; cardinalities and rare categories are counted on it.

    Returns:
        (name, encoder, positions) for the columns with few categories and for those with many; empty groups are left
        out. Unseen values map to: all zeros (one_hot), the overall rate (target), -1 (ordinal), a bucket (hashing).
    """
    positions = range(first, frame.shape[1])
    few = [i for i in positions if frame.iloc[:, i].nunique() <= encoding.one_hot_up_to]
    many = [i for i in positions if i not in few]
    steps = [("few", OneHotEncoder(handle_unknown="ignore", sparse_output=False), few)]
    steps.append(("many", _for_many(frame.iloc[:, many], encoding, seed), many))
    return [step for step in steps if step[2]]


def _for_many(columns: pd.DataFrame, encoding: Encoding, seed: int) -> Any:
    if encoding.many == "target":
        return TargetEncoder(target_type="binary", cv=StratifiedKFold(5, shuffle=True, random_state=seed))
    if encoding.many == "hashing":
        return HashingEncoder()
    kept = [frequent(columns.iloc[:, i], encoding.rare) for i in range(columns.shape[1])]
    if encoding.many == "ordinal":
        return OrdinalEncoder(categories=kept, handle_unknown="use_encoded_value", unknown_value=UNKNOWN)
    return OneHotEncoder(categories=kept, handle_unknown="ignore", sparse_output=False)


def frequent(column: "pd.Series[Any]", rare: int) -> list[str]:
    """Categories seen at least ``rare`` times, in order; the commonest one if none is. The others form one group.

    The encoders' own ``min_frequency`` has no ONNX form.
    """
    counts = column.value_counts()
    kept = counts[counts >= rare]
    return sorted((kept if len(kept) else counts.nlargest(1)).index)
