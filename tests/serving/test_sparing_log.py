"""A log that an outage does not flood."""

import logging

import pytest

from serving.sparing_log import Sparing

pytestmark = pytest.mark.unit


def test_of_lines_that_say_the_same_one_in_a_second_passes(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    log = logging.getLogger("a server")
    sparing = Sparing(clock=lambda: now)
    log.addFilter(sparing)
    try:
        for rows in range(4000):
            log.error("%d rows were not stored", rows)
        log.error("something else")
        log.warning("%d rows were not stored", 1)
        now = 1.5
        log.error("%d rows were not stored", 7)
        now = 3.0
        log.error("%d rows were not stored", 8)
    finally:
        log.removeFilter(sparing)
    assert [record.getMessage() for record in caplog.records] == [
        "0 rows were not stored",
        "something else",
        "1 rows were not stored",
        "7 rows were not stored (and 3999 more like it)",
        "8 rows were not stored",
    ]
