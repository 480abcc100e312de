"""Which window is looked at."""

from datetime import datetime, timedelta

import pytest
from fake_ledger import FakeLedger
from small_traffic import SINCE, SPEC, a_ledger, answered, rows

from monitoring.look import look_at, looks_at, present
from understudy.errors import DataError

pytestmark = pytest.mark.unit


def test_the_window_ends_in_the_first_full_minute_after_the_newest_prediction() -> None:
    ledger = FakeLedger()
    ledger.append([answered({**rows(1)[0], "at": datetime(2024, 3, 7, 23, 59, 30)}, 0)])
    look = look_at(SPEC, ledger)
    assert (look.since, look.until, look.as_of) == (datetime(2024, 3, 1), datetime(2024, 3, 8), datetime(2024, 3, 8))
    assert look.span == timedelta(days=7)
    assert look.before == datetime(2024, 2, 23)
    assert look.name == "2024-03-01T0000--2024-03-08T0000"


def test_an_older_window_is_seen_with_the_labels_of_later() -> None:
    look = look_at(SPEC, FakeLedger(), "12h", datetime(2024, 3, 9), datetime(2024, 3, 8))
    assert (look.since, look.until) == (datetime(2024, 3, 7, 12), datetime(2024, 3, 8))
    assert look.name == "2024-03-07T1200--2024-03-08T0000--seen-2024-03-09T0000"


def test_what_cannot_be_looked_at_is_refused_with_a_way_out() -> None:
    with pytest.raises(DataError, match="No predictions of toy") as none:
        look_at(SPEC, FakeLedger())
    assert "understudy serve --problem toy" in none.value.fix
    with pytest.raises(DataError, match="--window 7days is no span"):
        look_at(SPEC, a_ledger(rows(1)), "7days")
    with pytest.raises(DataError, match="after the look"):
        look_at(SPEC, a_ledger(rows(1)), None, SINCE, SINCE + timedelta(days=1))


@pytest.mark.parametrize("span", ["99999999d", "999999999999w", "380000d"])
def test_a_window_that_reaches_back_beyond_the_calendar_is_refused(span: str) -> None:
    with pytest.raises(DataError, match=f"of {span} that ends 2024-03-09 00:00 would begin before the year 1") as far:
        look_at(SPEC, FakeLedger(), span, datetime(2024, 3, 9))
    assert "shorter --window" in far.value.fix
    with pytest.raises(DataError, match="the one of 7d that ends 0001-01-08"):
        look_at(SPEC, FakeLedger(), None, datetime(1, 1, 8))
    assert look_at(SPEC, FakeLedger(), None, datetime(1, 1, 15)).before == datetime.min


def test_the_present_is_the_first_full_minute_after_the_newest_prediction() -> None:
    ledger = FakeLedger()
    assert present(ledger, "toy") is None
    ledger.append([answered({**rows(1)[0], "at": datetime(2024, 3, 7, 23, 59, 30)}, 0)])
    assert present(ledger, "toy") == datetime(2024, 3, 8)


def test_a_longer_look_ends_with_the_window_once_there_is_enough_to_see() -> None:
    spec = SPEC.model_copy(update={"monitoring": SPEC.monitoring.model_copy(update={"long_window": "28d"})})
    ledger, end = FakeLedger(), datetime(2024, 3, 29)
    ledger.append([answered({**rows(1)[0], "at": datetime(2024, 3, 8)}, 0)])
    assert [look.since for look in looks_at(spec, ledger, None, end)] == [datetime(2024, 3, 22)]
    ledger.append([answered({**rows(2)[1], "at": datetime(2024, 3, 1, 12)}, 1)])
    looks = looks_at(spec, ledger, None, end)
    assert [(look.since, look.until, look.as_of) for look in looks] == [
        (datetime(2024, 3, 22), end, end),
        (datetime(2024, 3, 1), end, end),
    ]
    assert len(looks_at(spec, ledger, "7d", end)) == len(looks_at(SPEC, ledger, None, end)) == 1
