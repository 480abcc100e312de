"""What can be made to go wrong: with request fields and with what views say, as broken sources would."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any, Literal, get_args

from understudy.errors import DataError
from understudy.features.snapshot import Result
from understudy.problem import ProblemSpec, View, parse_span

Kind = Literal["null", "scale", "offset", "set", "clock", "stale", "slow"]
FORMS = (
    "null:COLUMN, scale:COLUMN=1.151, offset:COLUMN=-32, set:COLUMN=VALUE, set:COLUMN=VALUE@0.24 (of a share of "
    "requests), clock:COLUMN=3h, stale:VIEW, slow:ARM=200ms"
)

LONGEST_DELAY = 5000.0
"""Milliseconds that a server lets an arm be late."""


@dataclass(frozen=True)
class Fault:
    """One fault: what is done to which column, or to which view."""

    kind: Kind
    name: str
    """A request field, a column of a view, a view (``stale``), or an arm of the deployment (``slow``)."""
    value: str = ""
    share: float = 1.0
    """Of the requests, those that it happens to."""

    def __str__(self) -> str:
        share = f"@{self.share:g}" if self.share < 1 else ""
        return f"{self.kind}:{self.name}" + (f"={self.value}{share}" if self.value else "")


def parse_fault(text: str, spec: ProblemSpec) -> Fault:
    """Read a fault such as ``scale:wind_speed_now=1.151``.

    Raises:
        DataError: it has none of the known forms, or the problem has no such column or view.
    """
    kind, _, rest = text.partition(":")
    name, _, value = rest.partition("=")
    if kind not in get_args(Kind) or not name:
        raise DataError(f"{text!r} is not a fault.", f"The forms: {FORMS}.")
    value, share = _shared(text, value) if kind == "set" else (value, 1.0)
    fault = Fault(kind, name, value, share)  # type: ignore[arg-type]
    fields = {name for name, column in spec.columns.items() if not column.late}
    looked_up = {column for view in spec.features.views for column in view.columns}
    known = {view.name for view in spec.features.views} if kind == "stale" else fields | looked_up
    if kind in ("set", "clock"):
        known = fields
    if name not in known and kind != "slow":
        raise DataError(f"{text}: there is no {name} to break.", f"Known: {', '.join(sorted(known))}.")
    _check_value(fault)
    return fault


def broken_request(faults: Sequence[Fault], request: Mapping[str, Any]) -> dict[str, Any]:
    """The request as a broken client would send it."""
    sent = dict(request)
    for fault in faults:
        if fault.name in sent and _happens(fault, request):
            sent[fault.name] = _CHANGES[fault.kind](sent[fault.name], fault.value)
    return sent


def broken_result(faults: Sequence[Fault], view: View, result: Result) -> Result | None:
    """What a broken source would let a view say; none where it says nothing any more."""
    if any(fault.kind == "stale" and fault.name == view.name for fault in faults):
        return None
    values = dict(result.values)
    for fault in faults:
        if fault.name in view.columns:
            place = view.columns.index(fault.name)
            change = _CHANGES[fault.kind]
            values = {
                key: (*row[:place], _as_number(change(row[place], fault.value)), *row[place + 1 :])
                for key, row in values.items()
            }
    return replace(result, values=values)


def delays(faults: Sequence[Fault]) -> dict[str, float]:
    """Seconds by which each arm is to be slow."""
    return {fault.name: _milliseconds(fault.value) / 1000 for fault in faults if fault.kind == "slow"}


def _shared(text: str, value: str) -> tuple[str, float]:
    """A value and the share of requests that get it, as in ``YX@0.24``."""
    plain, at, share = value.rpartition("@")
    if not at:
        return value, 1.0
    try:
        found = float(share)
    except ValueError:
        found = 0.0
    if not 0 < found <= 1:
        raise DataError(f"{text}: {share!r} is no share.", "Write one above 0, up to 1, as in set:carrier=YX@0.24.")
    return plain, found


def _happens(fault: Fault, request: Mapping[str, Any]) -> bool:
    """The same requests in each replay, and others for each fault."""
    if fault.share == 1:
        return True
    drawn = sha256(f"{fault} {sorted(request.items())}".encode()).digest()[:8]
    return int.from_bytes(drawn) < fault.share * 2**64


def _as_number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _null(_value: Any, _given: str) -> None:
    return None


def _scale(value: Any, given: str) -> Any:
    return None if value is None else value * float(given)


def _offset(value: Any, given: str) -> Any:
    return None if value is None else value + float(given)


def _set(value: Any, given: str) -> Any:
    return float(given) if isinstance(value, int | float) and not isinstance(value, bool) else given


def _clock(value: Any, given: str) -> Any:
    return None if value is None else value + _span(given)


def _keep(value: Any, _given: str) -> Any:
    return value


_CHANGES: dict[Kind, Callable[[Any, str], Any]] = {
    "null": _null,
    "scale": _scale,
    "offset": _offset,
    "set": _set,
    "clock": _clock,
    "stale": _keep,
    "slow": _keep,
}


def _span(text: str) -> timedelta:
    return -parse_span(text[1:]) if text.startswith("-") else parse_span(text)


def _milliseconds(text: str) -> float:
    number = text.removesuffix("ms")
    if number == text or not 0 < float(number) <= LONGEST_DELAY:
        raise ValueError(f"{text!r} is not a delay; write milliseconds up to {LONGEST_DELAY:g}, as in 200ms")
    return float(number)


def _check_value(fault: Fault) -> None:
    try:
        if fault.kind in ("scale", "offset"):
            float(fault.value)
        elif fault.kind == "slow":
            _milliseconds(fault.value)
        elif fault.kind == "clock":
            _span(fault.value)
        elif fault.kind == "set" and not fault.value:
            raise ValueError("a value is missing")
    except ValueError as error:
        raise DataError(f"{fault}: {error}.", f"The forms: {FORMS}.") from error
