"""What is odd about a request and accepted all the same; it goes into the answer and the ledger as flags."""

from collections.abc import Mapping, Sequence
from typing import Any

from serving.features import Features
from understudy.bundle import Manifest

OPEN = "..."
"""Among a field's categories: others are accepted."""


class Oddities:
    """Finds values that the champion has not seen, or that lie outside their range."""

    def __init__(self, manifest: Manifest) -> None:
        listed = {field.name: frozenset(field.categories) - {OPEN} for field in manifest.request if field.categories}
        seen = {
            name: frozenset(values) for name, values in (manifest.reference.known if manifest.reference else {}).items()
        }
        inputs = manifest.inputs.category_names
        self._inputs = [
            (place, name, known | {""})
            for place, name in enumerate(inputs)
            if (known := seen.get(name) or listed.get(name))
        ]
        self._fields = [(name, known | {"", None}) for name, known in listed.items() if name not in inputs]
        self._ranges = [
            (
                field.name,
                float("-inf") if field.low is None else field.low,
                float("inf") if field.high is None else field.high,
            )
            for field in manifest.request
            if field.kind == "number" and (field.low is not None or field.high is not None)
        ]

    def of(self, rows: Sequence[Mapping[str, Any]], features: Features) -> list[list[str]]:
        """Flags of each row, such as ``unseen category: dest``."""
        flags: list[list[str]] = [[stale] if stale else [] for stale in features.stale]
        for place, name, known in self._inputs:
            assert features.categories is not None  # noqa: S101
            _flag(flags, features.categories[:, place].tolist(), known, f"unseen category: {name}")
        for name, allowed in self._fields:
            _flag(flags, [row[name] for row in rows], allowed, f"unseen category: {name}")
        for name, low, high in self._ranges:
            for row, said in zip(rows, flags, strict=True):
                value = row[name]
                if value is not None and not low <= value <= high:
                    said.append(f"out of range: {name}")
        return flags


def _flag(flags: list[list[str]], values: list[Any], known: frozenset[Any], words: str) -> None:
    if not known.issuperset(values):
        for said, value in zip(flags, values, strict=True):
            if value not in known:
                said.append(words)
