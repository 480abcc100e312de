"""Tensors of the Open Inference Protocol."""

import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.http.tensors import packed, rows_of
from serving.refusals import RowError, TooManyRowsError
from understudy.bundle.manifest import RequestField

pytestmark = pytest.mark.unit

FIELDS = {
    name: RequestField(name=name, role="feature", kind=kind)
    for name, kind in (("size", "number"), ("town", "category"), ("insured", "flag"))
}  # type: ignore[arg-type]


def _tensor(name: str, kind: str, shape: list[int], **more: Any) -> dict[str, Any]:
    return {"name": name, "datatype": kind, "shape": shape, **more}


def test_json_and_bytes_make_the_same_rows() -> None:
    sizes, towns, flags = [1.5, float("nan")], ["north", ""], [True, False]
    plain = [
        _tensor("size", "FP64", [2, 1], data=[[1.5], [None]]),
        _tensor("town", "BYTES", [2], data=towns),
        _tensor("insured", "INT8", [2], data=[1, 0]),
    ]
    raw = {"size": packed("FP32", sizes), "town": packed("BYTES", towns), "insured": packed("BOOL", flags)}
    kinds = {"size": "FP32", "town": "BYTES", "insured": "BOOL"}
    binary = [_tensor(name, kinds[name], [2], parameters={"binary_data_size": len(raw[name])}) for name in raw]
    expected = [
        {"size": 1.5, "town": "north", "insured": True},
        {"size": None, "town": None, "insured": False},
    ]
    assert rows_of(plain, FIELDS, b"") == expected
    assert rows_of(binary, FIELDS, b"".join(raw.values())) == expected


@pytest.mark.parametrize("kind", ["INT64", "INT32", "UINT8", "FP16", "FP32", "FP64", "BOOL"])
def test_every_number_type_is_read(kind: str) -> None:
    raw = packed(kind, [1, 0])
    tensor = _tensor("size", kind, [2], parameters={"binary_data_size": len(raw)})
    assert [row["size"] for row in rows_of([tensor], FIELDS, raw)] == [1, 0]


@pytest.mark.parametrize(
    ("tensors", "tail"),
    [
        ([], b""),
        ([7], b""),
        ([{"name": 7}], b""),
        ([_tensor("size", "FP99", [1], data=[1])], b""),
        ([_tensor("size", "FP32", [1, 2], data=[1, 2])], b""),
        ([_tensor("size", "FP32", [True], data=[1])], b""),
        ([_tensor("size", "FP32", [0], data=[])], b""),
        ([_tensor("size", "FP32", [2], data=[1])], b""),
        ([_tensor("size", "FP32", [1])], b""),
        ([_tensor("size", "FP32", [1], data=[1])] * 2, b""),
        ([_tensor("size", "FP32", [1], data=[1]), _tensor("town", "BYTES", [2], data=["a", "b"])], b""),
        ([_tensor("size", "FP32", [1], parameters={"binary_data_size": 4})], b"abc"),
        ([_tensor("size", "FP32", [1], parameters={"binary_data_size": -1})], b"abcd"),
        ([_tensor("size", "FP32", [1], parameters={"binary_data_size": 3})], b"abc"),
        ([_tensor("size", "FP32", [1], parameters={"binary_data_size": 4})], b"abcde"),
        ([_tensor("town", "BYTES", [1], parameters={"binary_data_size": 8})], struct.pack("<I", 9) + b"abcd"),
        ([_tensor("town", "BYTES", [1], parameters={"binary_data_size": 3})], b"abc"),
        ([_tensor("town", "BYTES", [1], parameters={"binary_data_size": 5})], struct.pack("<I", 1) + b"\xff"),
        ([_tensor("size", "FP32", [1], parameters=[1])], b""),
    ],
)  # fmt: skip
def test_what_does_not_add_up_is_refused(tensors: list[Any], tail: bytes) -> None:
    with pytest.raises(RowError):
        rows_of(tensors, FIELDS, tail)


@given(st.binary(max_size=40), st.sampled_from(["BYTES", "FP32", "INT64", "BOOL"]), st.integers(1, 5))
def test_no_bytes_break_it(tail: bytes, kind: str, count: int) -> None:
    tensor = _tensor("size", kind, [count], parameters={"binary_data_size": len(tail)})
    try:
        rows = rows_of([tensor], FIELDS, tail)
    except RowError:
        return
    assert len(rows) == count


@given(st.lists(st.text(max_size=8), min_size=1, max_size=5))
def test_texts_come_back_as_they_were(texts: list[str]) -> None:
    raw = packed("BYTES", texts)
    tensor = _tensor("town", "BYTES", [len(texts)], parameters={"binary_data_size": len(raw)})
    assert [row["town"] or "" for row in rows_of([tensor], FIELDS, raw)] == texts
    assert np.frombuffer(raw[:4], "<u4")[0] == len(texts[0].encode())


def test_a_tensor_of_too_many_rows_is_not_unpacked() -> None:
    tensor = {"name": "insured", "datatype": "BOOL", "shape": [101], "parameters": {"binary_data_size": 101}}
    with pytest.raises(TooManyRowsError, match="more than 100 rows"):
        rows_of([tensor], FIELDS, bytes(101), most_rows=100)
    with pytest.raises(RowError, match="has 101 bytes and says 1 values"):
        rows_of([tensor | {"shape": [1]}], FIELDS, bytes(101))
    with pytest.raises(RowError, match="has 2 values and says a shape of 1"):
        rows_of(
            [tensor | {"shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": 400}}], FIELDS, bytes(400)
        )
