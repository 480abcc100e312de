import asyncio
import time
from pathlib import Path

import numpy as np
import pytest
from small_bundle import tricky_model
from small_serving import a_model

from serving.model import LoadedModel
from serving.routing.arm import Arm
from serving.routing.breaker import Breaker

pytestmark = pytest.mark.integration

TOWN = np.array([["north"]], object)
GOOD, HANGS, FAILS = (np.array([[size, 0.0]], np.float32) for size in (1.0, 2000.0, -2000.0))


@pytest.fixture
def model(tmp_path: Path) -> LoadedModel:
    return a_model(tmp_path, model=tricky_model())


def an_arm(model: LoadedModel, limit: float = 0.2, fewest: int = 5) -> Arm:
    return Arm(model, Breaker(window=10, fewest=fewest, limit=0.5, cooldown=60), limit)


def test_it_scores_off_the_loop(model: LoadedModel) -> None:
    arm = an_arm(model)
    scores, fallback = asyncio.run(arm.score(GOOD, TOWN, 1))
    assert (fallback, arm.fallbacks) == ("", {})
    assert scores == model.score(GOOD, TOWN)
    arm.close()


def test_an_error_is_a_reason_to_fall_back(model: LoadedModel) -> None:
    arm = an_arm(model)
    assert asyncio.run(arm.score(FAILS, TOWN, 3)) == (None, "error")
    assert arm.fallbacks == {"error": 3}
    arm.close()


def test_a_model_that_hangs_is_ended_in_time_and_can_be_used_again(model: LoadedModel) -> None:
    arm = an_arm(model)

    async def work() -> None:
        start = time.perf_counter()
        assert await arm.score(HANGS, TOWN, 1) == (None, "timeout")
        assert 0.2 <= time.perf_counter() - start < 0.5
        while arm._overdue is not None and not arm._overdue.done():
            await asyncio.sleep(0.01)
        scores, fallback = await arm.score(GOOD, TOWN, 1)
        assert scores is not None
        assert fallback == ""

    asyncio.run(work())
    arm.close()


def test_failing_again_and_again_takes_it_out(model: LoadedModel) -> None:
    arm = an_arm(model, fewest=3)

    async def work() -> list[str]:
        return [(await arm.score(FAILS, TOWN, 1))[1] for _ in range(5)]

    assert asyncio.run(work()) == ["error", "error", "error", "open circuit", "open circuit"]
    assert arm.breaker.state == "open"
    arm.close()


def test_a_drill_that_lasts_longer_than_the_limit_is_a_timeout(model: LoadedModel) -> None:
    arm = an_arm(model)
    assert asyncio.run(arm.score(GOOD, TOWN, 1, delay=0.01))[1] == ""
    assert asyncio.run(arm.score(GOOD, TOWN, 1, delay=0.5)) == (None, "timeout")
    arm.close()
