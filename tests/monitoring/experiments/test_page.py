"""The page of an experiment: self-contained, complete at each stage, and free of what others wrote into it."""

import re
from html import unescape

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
    assert "Too few labelled units so far" in render_experiment(planned, lab.spec)
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


def test_the_sequence_is_drawn_within_its_frame() -> None:
    looks = [
        {
            "labelled": 100 * number,
            "arms": {"challenger": {"value": 0.1 / number, "low": -1 / number, "high": 1 / number}},
        }
        for number in range(1, 30)
    ]
    drawn = str(sequence(looks, "challenger", 0.02, 2000))
    numbers = [float(y) for _, y in re.findall(r"[ML]([0-9.]+) ([0-9.]+)", drawn)]
    assert drawn.count("<circle") == 29
    assert min(numbers) >= 0
    assert max(numbers) <= 320
    assert (
        sequence([{"labelled": 5, "arms": {"challenger": {"value": 0, "low": None, "high": None}}}], "challenger", 1, 9)
        == ""
    )
