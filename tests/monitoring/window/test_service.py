"""How the service did."""

from datetime import datetime, timedelta

import numpy as np
import pytest
from small_predictions import a_shadow
from small_traffic import DAYS, SINCE, UNTIL, a_deployment, a_ledger, a_reference, a_window, answered, rows
from watched_problem import watched

from monitoring.window.figures import Finding
from monitoring.window.service import commonest, model_age, service
from understudy.problem import View
from understudy.records import Shadow

pytestmark = pytest.mark.unit

SCORES = a_reference().column("score").to_numpy()


def look(ledger, spec=None, history=None) -> Finding:
    spec = spec or watched()
    return service(a_window(ledger, spec), spec, 1, SCORES, {1: a_deployment()} if history is None else history)


def test_rate_and_latency() -> None:
    found = look(a_ledger(rows(480)))
    assert found.value("service.rate") == pytest.approx(480 / (24 * DAYS))
    assert found.value("service.p50_ms") == pytest.approx(np.quantile(1.0 + np.arange(480) % 10, 0.5))
    assert found.value("service.p99_ms") == pytest.approx(10.0)
    assert found.details["arms"] == [
        {
            "arm": "champion",
            "version": 1,
            "standing": "live",
            "rows": 480,
            "p50_ms": found.value("service.p50_ms"),
            "p99_ms": found.value("service.p99_ms"),
            "mean_score": pytest.approx(np.mean([row["score"] for row in rows(480)])),
        }
    ]
    assert sum(found.details["latency"]["shares"]) == pytest.approx(1.0)


def test_fallbacks_and_failures() -> None:
    made = rows(100)
    ledger = a_ledger(made[:90])
    for number, why in enumerate(["error"] * 3 + ["timeout"] * 2 + ["open circuit"] * 5):
        ledger.append([answered(made[90 + number], 90 + number, fallback=why)])
    found = look(ledger)
    assert found.value("service.fallbacks") == pytest.approx(0.1)
    assert found.value("service.errors") == pytest.approx(0.05)
    assert found.details["fallbacks"] == {"error": 3, "timeout": 2, "open circuit": 5}


def test_a_shadow_that_failed_counts_as_an_error_and_one_that_is_missing_as_dropped() -> None:
    ledger = a_ledger(rows(10))
    ledger.append([a_shadow(number, event_time=SINCE, live=f"p{number:05d}") for number in range(7)])
    ledger.append([a_shadow(7, event_time=SINCE, live="p00007", error="boom", score=None)])
    shadow = Shadow(name="rehearsal", version=2, digest="e" * 64)
    found = look(ledger, history={1: a_deployment(shadows=(shadow,))})
    assert found.value("service.shadow_dropped") == pytest.approx(0.2)
    assert found.value("service.errors") == pytest.approx(1 / 18)
    assert [(arm["standing"], arm["rows"]) for arm in found.details["arms"]] == [("live", 10), ("shadow", 8)]


def test_without_a_shadow_nothing_is_dropped() -> None:
    reading = next(r for r in look(a_ledger(rows(5))).readings if r.name == "service.shadow_dropped")
    assert (reading.value, reading.about) == (None, "There was no shadow.")


def test_stale_views_are_counted_by_name_and_all_means_all() -> None:
    views = tuple(View(name=name, sql="x.sql", columns=(f"{name}_column",)) for name in ("weather", "history", "live"))
    spec = watched()
    spec = spec.model_copy(update={"features": spec.features.model_copy(update={"views": views})})
    made = rows(10)
    ledger = a_ledger(made[:7], flags=["unseen category: town"])
    ledger.append([answered(made[7], 7, flags=["stale views: weather, live"])])
    ledger.append([answered(made[8], 8, flags=["stale views: all", "out of range: size"])])
    ledger.append([answered(made[9], 9, flags=["stale views: weather"])])
    found = look(ledger, spec)
    assert [found.value(f"service.stale.{view.name}") for view in views] == pytest.approx([0.3, 0.1, 0.2])


def test_a_model_that_answers_a_constant_passes_its_limit() -> None:
    calm = next(r for r in look(a_ledger(rows(200))).readings if r.name == "service.constant")
    assert calm.value is not None
    assert calm.limit == pytest.approx((1 + commonest(SCORES)) / 2)
    assert calm.value < calm.limit
    assert look(a_ledger(rows(200), score=0.3)).value("service.constant") == 1.0
    assert np.isnan(commonest(SCORES[:0]))


def test_the_age_is_that_of_the_newest_training_row_else_of_the_deployment() -> None:
    now = datetime(2026, 1, 11)
    assert model_age(UNTIL - timedelta(days=3), None, UNTIL, now).value == 3
    assert model_age(None, datetime(2026, 1, 1), UNTIL, now).value == 10
    assert model_age(None, None, UNTIL, now).value is None


def test_an_empty_window_measures_nothing() -> None:
    found = look(a_ledger([]))
    assert found.value("service.rate") == 0
    assert found.value("service.p50_ms") is None
    assert found.value("service.constant") is None
