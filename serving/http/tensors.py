"""Tensors of the Open Inference Protocol, as JSON or as bytes after the JSON, and the rows that they make."""

import struct
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np

from serving.refusals import RowError, too_many_rows
from understudy.bundle.manifest import RequestField

NUMERIC = {
    "BOOL": "?", "INT8": "<i1", "INT16": "<i2", "INT32": "<i4", "INT64": "<i8",
    "UINT8": "<u1", "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8",
}  # fmt: skip
DATATYPES = {"number": "FP64", "flag": "BOOL", "category": "BYTES", "time": "BYTES"}
"""What a field is described as; any number may come as any numeric type."""
SHAPES = "Give each field one tensor of shape [n] or [n, 1], with the same n."


def rows_of(
    tensors: Sequence[Mapping[str, Any]], fields: Mapping[str, RequestField], tail: bytes, most_rows: int = 10_000
) -> list[dict[str, Any]]:
    """Rows from one tensor for each request field; NaN and empty text mean missing.

    Args:
        tensors: as the JSON part lists them.
        tail: the bytes behind the JSON part, which tensors with ``binary_data_size`` take in turn.

    Raises:
        RowError: a tensor is not what it says, or is no field's, or they differ in length.
        TooManyRowsError: one says more than ``most_rows``.
    """
    columns: dict[str, list[Any]] = {}
    start = 0
    for tensor in tensors:
        name, kind, count = _head(tensor, columns)
        if count > most_rows:
            raise too_many_rows(most_rows)
        size = (tensor.get("parameters") or {}).get("binary_data_size")
        if size is None:
            values = _flat(tensor, name)
        elif isinstance(size, int) and 0 <= size <= len(tail) - start:
            values = _unpacked(name, kind, count, tail[start : start + size])
            start += size
        else:
            raise _fault(name, "says a binary_data_size that the body does not have")
        if len(values) != count:
            raise _fault(name, f"has {len(values)} values and says a shape of {count}")
        columns[name] = [_value(value, fields.get(name)) for value in values]
    if start != len(tail):
        raise RowError("The body has bytes that no tensor claims.", "Say binary_data_size for each binary tensor.")
    if not columns or len({len(values) for values in columns.values()}) != 1:
        raise RowError("The tensors differ in length, or there are none.", SHAPES)
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _head(tensor: Any, known: Mapping[str, Any]) -> tuple[str, str, int]:
    if not isinstance(tensor, dict) or not isinstance(tensor.get("name"), str):
        raise RowError("An input is no object with a name.", SHAPES, "inputs")
    name, kind = tensor["name"][:200], tensor.get("datatype")
    shape: Any = tensor.get("shape")
    if name in known:
        raise _fault(name, "stands twice")
    if kind != "BYTES" and (not isinstance(kind, str) or kind not in NUMERIC):
        raise _fault(name, f"has no datatype out of BYTES, {', '.join(NUMERIC)}")
    whole = isinstance(shape, list) and 1 <= len(shape) <= 2 and all(type(size) is int and size > 0 for size in shape)
    if not whole or shape[1:] not in ([], [1]):
        raise _fault(name, "has another shape than [n] or [n, 1]")
    if not isinstance(tensor.get("parameters") or {}, dict):
        raise _fault(name, "has parameters that are no object")
    return name, kind, shape[0]


def _flat(tensor: Mapping[str, Any], name: str) -> list[Any]:
    data = tensor.get("data")
    if not isinstance(data, list):
        raise _fault(name, "has neither data nor binary_data_size")
    return list(chain.from_iterable(data)) if data and all(isinstance(item, list) for item in data) else data


def _unpacked(name: str, kind: str, count: int, raw: bytes) -> list[Any]:
    if kind != "BYTES":
        if len(raw) != count * np.dtype(NUMERIC[kind]).itemsize:
            raise _fault(name, f"has {len(raw)} bytes and says {count} values of {kind}")
        return list(np.frombuffer(raw, NUMERIC[kind]).tolist())
    values: list[Any] = []
    start = 0
    while start < len(raw) and len(values) <= count:
        end = start + 4
        size = struct.unpack_from("<I", raw, start)[0] if end <= len(raw) else len(raw)
        if end + size > len(raw):
            raise _fault(name, "is cut short")
        values.append(raw[end : end + size])
        start = end + size
    return values


def _value(value: Any, field: RequestField | None) -> Any:
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError:
            raise RowError("A text is not UTF-8.", "Encode texts as UTF-8.", field.name if field else "") from None
    if value == "" or value != value:
        return None
    if field is not None and field.kind == "flag" and type(value) in (int, float) and value in (0, 1):
        return bool(value)
    if field is not None and field.kind == "number" and isinstance(value, bool):
        return float(value)
    return value


def packed(kind: str, values: Sequence[Any]) -> bytes:
    """A tensor's values as the binary extension writes them."""
    if kind != "BYTES":
        return np.array(values, dtype=NUMERIC[kind]).tobytes()
    texts = [value.encode() for value in values]
    return b"".join(struct.pack("<I", len(text)) + text for text in texts)


def _fault(name: str, what: str) -> RowError:
    return RowError(f"The input {name!r} {what}.", SHAPES, name)
