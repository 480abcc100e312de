"""The page of an experiment: self-contained, complete at each stage, and free of what others wrote into it."""

import re
from collections.abc import Sequence
from html import unescape
from typing import Any

import pytest
from laboratory import Behaviour, Laboratory

from monitoring.experiments.act import follow, look
from monitoring.experiments.page import render_experiment, sequence
from monitoring.experiments.shown import as_ended, as_planned, as_running
from monitoring.experiments.start import start

pytestmark = pytest.mark.unit


def test_it_is_whole_from_the_plan_to_the_verdict(lab: Laboratory) -> None:
    plan = lab.plan((2, 3))
    planned = lab.written(plan)
    page = render_experiment(planned, lab.spec)
    assert "It has not started." in page
    assert "Too few labelled units so far" in page
    assert set(re.findall('href="#([a-z]+)"', page)) == set(re.findall('<section class="part" id="([a-z]+)"', page))
    assert len(as_planned(plan)) == 1
    running = start(planned, lab.starting, "ann")
    lab.answer(3000, **{"challenger-2": Behaviour(right=0.9)})
    running, status = look(running, lab.means)
    lab.answer(2000, challenger=Behaviour(errors=0.6))
    running, status = look(running, lab.means)
    page = unescape(render_experiment(running, lab.spec))
    assert page.count("<svg") == 2
    assert plan.past.mean == pytest.approx(float(re.findall(r"cost of a decision; ([0-9.]+)", page)[0]), rel=1e-3)
    for reason in status.verdict.reasons[:2]:
        assert reason in page
    assert len(as_running(status)) == 7
    ended, _ = follow(running, lab.means)
    page = unescape(render_experiment(ended, lab.spec))
    assert "stop harm" in page
    assert "The challenger does harm." in page
    assert "stop harm" in as_ended(ended)[0]
    assert "://" not in page


def test_what_people_write_is_escaped(lab: Laboratory) -> None:
    planned = lab.written(lab.plan()).model_copy(update={"why": "<script>alert(1)</script>"})
    page = render_experiment(planned, lab.spec)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def drawn(ends: Sequence[tuple[float, float]], effect: float = 0.02) -> str:
    """The picture of looks at each 100 units, by their intervals."""
    looks: list[dict[str, Any]] = [
        {"labelled": 100 * number, "arms": {"challenger": {"value": (low + high) / 2, "low": low, "high": high}}}
        for number, (low, high) in enumerate(ends, start=1)
    ]
    return str(sequence(looks, "challenger", effect, 2000))


def heights(picture: str, kind: str) -> list[float]:
    """Of the corners of a path."""
    (path,) = re.findall(rf'<path d="([^"]+)" class="{kind}"', picture)
    return [float(y) for _, y in re.findall(r"[ML]([0-9.]+) ([0-9.]+)", path)]


def test_the_sequence_is_drawn_within_its_frame() -> None:
    picture = drawn([(-0.9 / number, 1.1 / number) for number in range(1, 30)])
    assert picture.count("<circle") == 29
    assert min(heights(picture, "band")) >= 6
    assert max(heights(picture, "band")) <= 280


def test_the_axis_covers_whole_intervals() -> None:
    picture = drawn([(-0.398, 0.09), (-0.209, 0.093), (-0.172, 0.078), (-0.175, 0.058)])
    ticks = [float(said) for said in re.findall(r'text-anchor="end">([+-][0-9.]+)<', picture)]
    assert min(ticks) < -0.398
    assert 6 < min(heights(picture, "band")) < max(heights(picture, "band")) < 280
    assert "goes on" not in picture


def test_where_the_first_intervals_would_flatten_all_others_it_is_marked_how_far_they_go() -> None:
    picture = drawn([(-1.372, 1.535), (-0.94, 0.86), *[(-0.14, 0.1)] * 8], effect=0.05)
    assert re.findall("goes on to ([^<]+)", picture) == ["+1.53", "-1.37"]
    upper = heights(picture, "band")[:5]
    # At the edge until 0.86 falls to 0.1 there, and not from the second look on.
    assert upper[:3] == [6.0, 6.0, 6.0]
    assert 6 < upper[3] == upper[4]


def test_nothing_is_drawn_before_anything_is_known() -> None:
    assert (
        sequence([{"labelled": 5, "arms": {"challenger": {"value": 0, "low": None, "high": None}}}], "challenger", 1, 9)
        == ""
    )
