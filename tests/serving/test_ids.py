import uuid
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.ids import new_ids

pytestmark = pytest.mark.unit


@given(st.integers(0, 50), st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1)))
def test_they_are_uuids_of_version_7_of_that_moment(count: int, at: datetime) -> None:
    ids = new_ids(count, at)
    assert len(set(ids)) == count
    for text in ids:
        made = uuid.UUID(text)
        assert (str(made), made.version, made.variant) == (text, 7, uuid.RFC_4122)
        assert abs((made.int >> 80) / 1000 - at.replace(tzinfo=UTC).timestamp()) < 0.002


def test_they_are_in_the_order_of_time() -> None:
    start = datetime(2026, 11, 22)
    ids = [new_ids(3, start + timedelta(milliseconds=n)) for n in range(20)]
    assert all(max(one) < min(two) for one, two in pairwise(ids))


def test_74_bits_are_random() -> None:
    numbers = [uuid.UUID(text).int for text in new_ids(2000, datetime(2026, 11, 22))]
    ever, always = 0, (1 << 128) - 1
    for number in numbers:
        ever |= number
        always &= number
    assert (ever ^ always).bit_count() == 74
