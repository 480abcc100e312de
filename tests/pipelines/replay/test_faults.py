"""Faults do to requests and views what broken sources would, and nothing else."""

import math
from datetime import datetime, timedelta

import pytest
from orders_problem import MakeSpec

from pipelines.replay.faults import broken_request, broken_result, delays, parse_fault
from understudy.errors import DataError
from understudy.features.snapshot import Result

pytestmark = pytest.mark.unit

PLACED = datetime(2024, 3, 1, 8)
REQUEST = {"order": "o1", "placed_at": PLACED, "shop": "pier", "size": 2.0, "gift": True}


@pytest.mark.parametrize(
    ("text", "field", "sent"),
    [
        ("null:size", "size", None),
        ("scale:size=1.5", "size", 3.0),
        ("offset:size=-3", "size", -1.0),
        ("set:shop=moon", "shop", "moon"),
        ("set:size=7", "size", 7.0),
        ("clock:placed_at=3h", "placed_at", PLACED + timedelta(hours=3)),
        ("clock:placed_at=-30m", "placed_at", PLACED - timedelta(minutes=30)),
    ],
)
def test_a_request_is_broken_in_one_field(make_spec: MakeSpec, text: str, field: str, sent: object) -> None:
    fault = parse_fault(text, make_spec())
    broken = broken_request([fault], REQUEST)
    assert broken == REQUEST | {field: sent}
    assert str(fault) == text


def test_a_share_of_the_requests_is_broken_the_same_ones_each_time(make_spec: MakeSpec) -> None:
    spec = make_spec()
    faults = [parse_fault(text, spec) for text in ("set:shop=moon@0.24", "set:gift=no@0.5")]
    assert [str(fault) for fault in faults] == ["set:shop=moon@0.24", "set:gift=no@0.5"]
    sent = [broken_request(faults, REQUEST | {"order": f"o{number}"}) for number in range(4000)]
    assert sent == [broken_request(faults, REQUEST | {"order": f"o{number}"}) for number in range(4000)]
    moved = [one["shop"] == "moon" for one in sent]
    assert sum(moved) / 4000 == pytest.approx(0.24, abs=0.02)
    both = sum(moon and one["gift"] == "no" for moon, one in zip(moved, sent, strict=True))
    assert both / 4000 == pytest.approx(0.12, abs=0.02)


@pytest.mark.parametrize("share", ["0", "1.5", "some", ""])
def test_a_share_is_between_nothing_and_all(make_spec: MakeSpec, share: str) -> None:
    with pytest.raises(DataError, match="is no share"):
        parse_fault(f"set:shop=moon@{share}", make_spec())


def test_what_is_missing_stays_missing(make_spec: MakeSpec) -> None:
    spec = make_spec()
    faults = [parse_fault(text, spec) for text in ("scale:size=2", "offset:size=1")]
    assert broken_request(faults, {"size": None}) == {"size": None}


def test_a_view_says_what_its_broken_source_would(make_spec: MakeSpec) -> None:
    spec = make_spec()
    (view,) = spec.features.views
    result = Result(PLACED, {("pier",): (4.0, 80.0), ("market",): (2.0, float("nan"))})
    scaled = broken_result([parse_fault("scale:shop_minutes=60", spec)], view, result)
    assert scaled is not None
    assert scaled.values[("pier",)] == (4.0, 4800.0)
    assert math.isnan(scaled.values[("market",)][1])
    nulled = broken_result([parse_fault("null:shop_delivered", spec)], view, result)
    assert nulled is not None
    assert math.isnan(nulled.values[("pier",)][0])
    assert broken_result([parse_fault("stale:shop", spec)], view, result) is None
    assert broken_result([], view, result) == result


def test_a_slow_arm_is_told_by_its_name(make_spec: MakeSpec) -> None:
    fault = parse_fault("slow:challenger=250ms", make_spec())
    assert delays([fault]) == {"challenger": 0.25}
    assert broken_request([fault], REQUEST) == REQUEST


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("melt:size", "forms"),
        ("scale:size=much", "could not convert"),
        ("clock:placed_at=soon", "not a span"),
        ("set:shop=", "a value is missing"),
        ("null:minutes", "no minutes"),
        ("stale:size", "no size"),
        ("set:shop_minutes=1", "no shop_minutes"),
        ("slow:champion=2s", "not a delay"),
        ("slow:champion=9000ms", "not a delay"),
    ],
)
def test_what_is_no_fault_is_refused_by_name(make_spec: MakeSpec, text: str, named: str) -> None:
    with pytest.raises(DataError, match=named):
        parse_fault(text, make_spec())
