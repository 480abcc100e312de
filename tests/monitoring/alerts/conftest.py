"""A problem with rules, and the means to act on it."""

from collections.abc import Callable
from typing import Any

import pytest
from fake_watch_log import FakeWatchLog
from watched_problem import watched

from monitoring.alerts import Acting

Make = Callable[..., Acting]


@pytest.fixture
def acting() -> Make:
    """Means in memory; ``changes`` replace parts of them."""

    def make(
        rules: list[dict[str, Any]] | None = None, monitoring: dict[str, Any] | None = None, **changes: Any
    ) -> Acting:
        spec = watched(rules, monitoring)
        given: dict[str, Any] = {"spec": spec, "log": FakeWatchLog(), "actions": {}, "revision": lambda: 1}
        return Acting(**{**given, **changes})

    return make
