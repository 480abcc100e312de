"""The feature store: to the last bit, in order, and only the newest."""

import threading
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.adapters.database.engine import Database
from understudy.adapters.database.feature_store import KEPT, SqlFeatureStore, pack, unpack
from understudy.errors import StoreError
from understudy.features.snapshot import Result

pytestmark = pytest.mark.integration
AT = datetime(2013, 11, 1, 6)


def result(hour: int = 0, value: float = 1.0) -> Result:
    return Result(AT + timedelta(hours=hour), {("EWR", "UA"): (value, float("nan")), ("JFK", "ü"): (0.1 + 0.2, -0.0)})


def bits(found: Result) -> tuple[datetime, list[tuple[tuple[str, ...], bytes]]]:
    return found.at, [(key, np.array(values).tobytes()) for key, values in found.values.items()]


@pytest.fixture
def store(database: Database) -> SqlFeatureStore:
    return SqlFeatureStore(database)


def test_results_come_back_to_the_last_bit_and_once(store: SqlFeatureStore) -> None:
    assert store.since("toy", 0) == (0, [])
    store.publish("toy", {"live": result(), "empty": Result(AT, {})})
    mark, found = store.since("toy", 0)
    assert {view: bits(one) for view, one in found} == {"live": bits(result()), "empty": (AT, [])}
    assert store.since("toy", mark) == (mark, [])
    assert store.since("other", 0) == (0, [])


def test_the_same_clock_time_again_replaces_it(store: SqlFeatureStore) -> None:
    store.publish("toy", {"live": result(), "slow": result()})
    mark, _ = store.since("toy", 0)
    store.publish("toy", {"live": result(value=7.0)})
    newer, found = store.since("toy", mark)
    assert newer > mark
    assert [(view, bits(one)) for view, one in found] == [("live", bits(result(value=7.0)))]
    assert [view for view, _ in store.since("toy", 0)[1]] == ["slow", "live"]


def test_only_the_newest_clock_times_are_kept(store: SqlFeatureStore) -> None:
    for hour in (*range(KEPT + 4), 1):
        store.publish("toy", {"live": result(hour), "slow": result()})
    _, found = store.since("toy", 0)
    hours = [(one.at - AT) // timedelta(hours=1) for view, one in found if view == "live"]
    assert hours == list(range(4, KEPT + 4))
    assert [view for view, _ in found].count("slow") == 1


def test_who_reads_while_others_publish_misses_nothing(store: SqlFeatureStore) -> None:
    def publish(view: str) -> None:
        for hour in range(KEPT):
            store.publish("toy", {view: result(hour)})

    threads = [threading.Thread(target=publish, args=(f"view{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    mark, seen = 0, []
    while any(thread.is_alive() for thread in threads):
        mark, found = store.since("toy", mark)
        seen += [(view, one.at) for view, one in found]
    mark, found = store.since("toy", mark)
    seen += [(view, one.at) for view, one in found]
    assert sorted(seen) == sorted((f"view{n}", AT + timedelta(hours=h)) for n in range(4) for h in range(KEPT))


@given(
    st.integers(0, 3).flatmap(
        lambda width: st.dictionaries(
            st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=2).map(tuple),
            st.lists(st.floats(), min_size=width, max_size=width).map(tuple),
        )
    )
)
def test_any_result_survives_packing(values: dict[tuple[str, ...], tuple[float, ...]]) -> None:
    assert bits(unpack(AT, pack(Result(AT, values)))) == bits(Result(AT, values))


@pytest.mark.parametrize("payload", [b"", b"x" * 40, pack(result())[:-5]])
def test_a_damaged_payload_is_refused(payload: bytes) -> None:
    with pytest.raises(StoreError, match="damaged"):
        unpack(AT, payload)
