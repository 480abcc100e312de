"""A fingerprint of what tables say, whatever their files' compression, chunks or metadata."""

import hashlib
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from pyarrow import compute as pc

ZERO = {"int64": 0, "double": 0.0, "bool": False, "string": "", "timestamp[us]": 0}


def data_hash(tables: Mapping[str, pa.Table]) -> str:
    """Hex SHA-256 over the names, types and values of conformed tables; row order counts."""
    digest = hashlib.sha256()
    for name in sorted(tables):
        table = tables[name]
        digest.update(f"{name}:{table.num_rows}\n".encode())
        for field in table.schema:
            digest.update(f"{field.name}:{field.type}\n".encode())
            _add(digest, table[field.name].combine_chunks())
    return digest.hexdigest()


def _add(digest: "hashlib._Hash", values: pa.Array) -> None:
    digest.update(np.packbits(pc.is_null(values).to_numpy(zero_copy_only=False)).tobytes())
    kind = values.type
    filled = pc.fill_null(values, pa.scalar(ZERO[str(kind)], kind))
    if pa.types.is_string(kind):
        digest.update(pc.binary_length(filled).to_numpy().tobytes())
        digest.update(_text(filled))
    elif pa.types.is_timestamp(kind):
        digest.update(filled.cast(pa.int64()).to_numpy().tobytes())
    else:
        digest.update(filled.to_numpy(zero_copy_only=False).tobytes())


def _text(values: pa.Array) -> bytes:
    """All strings of a column end to end."""
    one = pa.ListArray.from_arrays(pa.array([0, len(values)], pa.int32()), values)
    return bytes(pc.binary_join(one, "")[0].as_buffer())
