"""From named columns to the model's two tensors."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from understudy.bundle.manifest import Inputs, ModelInput
from understudy.bundle.scorer import Array, FloatArray
from understudy.errors import BundleError


def tensors(inputs: Inputs, columns: Mapping[str, Sequence[Any]]) -> tuple[FloatArray | None, Array | None]:
    """Order and convert columns [rows] for the model; columns that it does not read are ignored.

    Returns:
        ``numbers`` float32 [rows, numbers] and ``categories`` text [rows, categories]; None without columns.

    Raises:
        BundleError: a column is missing, of another length, or not numeric and finite where it must be.
    """
    names = inputs.number_names + inputs.category_names
    if missing := [name for name in names if name not in columns]:
        raise BundleError(
            f"The rows lack {', '.join(missing)}.",
            f"The model reads the columns {', '.join(names)}; give each of them.",
        )
    if len({len(columns[name]) for name in names}) > 1:
        raise BundleError("The columns differ in length.", "Give each column one value for each row.")
    numbers = [_number(item, columns[item.name]) for item in inputs.numbers]
    categories = [_category(columns[item.name]) for item in inputs.categories]
    return (
        np.column_stack(numbers).astype(np.float32, copy=False) if numbers else None,
        np.column_stack(categories) if categories else None,
    )


def _number(item: ModelInput, values: Sequence[Any]) -> FloatArray:
    fix = f"Give numbers{f' in {item.unit}' if item.unit else ''}, or None where one is missing."
    try:
        with np.errstate(over="ignore"):
            column = np.array([np.nan if _is_missing(value) else value for value in values], dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise BundleError(f"The column {item.name} holds a value that is not a number ({error}).", fix) from error
    except OverflowError as error:
        raise _not_finite(item, fix) from error
    if np.isinf(column).any():
        raise _not_finite(item, fix)
    return column


def _not_finite(item: ModelInput, fix: str) -> BundleError:
    limit = f"{np.finfo(np.float32).max:.2g}"
    return BundleError(f"The numbers of the column {item.name} must be finite and within ±{limit} (float32).", fix)


def _category(values: Sequence[Any]) -> Array:
    return np.array(["" if _is_missing(value) else str(value) for value in values], dtype=object)


def _is_missing(value: Any) -> bool:
    """None, NaN, "" and the missing markers of data frames (which differ from themselves, or refuse to say)."""
    if value is None or (isinstance(value, str) and value == ""):
        return True
    try:
        return bool(value != value)
    except TypeError:
        return True
