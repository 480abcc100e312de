"""The page holds what the report says, fetches nothing, and runs nothing that a request sent."""

import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from monitoring.shadows.page import render_shadow, write_shadow_report
from monitoring.shadows.report import ShadowReport, shadow_report
from monitoring.window.read import Window
from understudy.files import read_json
from understudy.problem import ProblemSpec

pytestmark = pytest.mark.unit


def test_it_shows_the_figures(reported: ShadowReport, spec: ProblemSpec) -> None:
    page = render_shadow(reported, spec)
    assert "promote to canary" in page
    assert "better beyond chance" in page
    assert "2 segments of at least 50 rows each" in page
    assert page.count("<svg") >= 7
    assert not re.search(r"<script|src=|https?://", page)
    assert "nan" not in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL).lower()


def test_what_a_request_sent_is_escaped(reported: ShadowReport, spec: ProblemSpec) -> None:
    evil = "<script>alert(1)</script>"
    example = reported.examples[0] | {"key": evil, "request": {"town": evil}}
    rows = [row | {"value": evil} for row in reported.segments["rows"]]
    wrong = replace(
        reported, examples=[example], segments=reported.segments | {"rows": rows}, failures={evil: 3}, name=evil
    )
    assert evil not in render_shadow(wrong, spec)
    assert "&lt;script&gt;" in render_shadow(wrong, spec)


def test_a_shadow_without_scores_has_a_page_too(by_hand: Window, spec: ProblemSpec) -> None:
    page = render_shadow(shadow_report(by_hand, spec, 1, 9), spec)
    assert "keep watching" in page
    assert "Where they agree" not in page


def test_the_figures_lie_beside_the_page(reported: ShadowReport, spec: ProblemSpec, tmp_path: Path) -> None:
    page = write_shadow_report(reported, spec, tmp_path)
    assert page == tmp_path / "reports/toy/shadows/2-beside-1--2013-11-01T0000--2013-12-11T0000.html"
    assert read_json(page.with_suffix(".json"))["labelled"] == 200


def test_a_look_back_replaces_no_other(reported: ShadowReport, spec: ProblemSpec, tmp_path: Path) -> None:
    full = write_shadow_report(reported, spec, tmp_path)
    back = write_shadow_report(replace(reported, as_of=datetime(2013, 11, 5), labelled=0), spec, tmp_path)
    assert back.name == "2-beside-1--2013-11-01T0000--2013-12-11T0000--seen-2013-11-05T0000.html"
    assert read_json(full.with_suffix(".json"))["labelled"] == 200
    assert read_json(back.with_suffix(".json"))["labelled"] == 0


def days_named(report: ShadowReport, spec: ProblemSpec, *begins: str) -> list[str]:
    days = [report.days[0] | {"since": begin} for begin in begins]
    page = render_shadow(replace(report, days=days), spec)
    return re.findall(r'class="tick"[^>]*>(\d\d Nov[^<]*)<', page)


def test_each_day_is_named_once_also_when_the_first_is_not_whole(reported: ShadowReport, spec: ProblemSpec) -> None:
    begins = ("2013-11-18T01:29:00", "2013-11-19T00:00:00", "2013-11-20T00:00:00")
    assert days_named(reported, spec, *begins) == ["18 Nov", "19 Nov", "20 Nov"]
    halves = ("2013-11-18T01:29:00", "2013-11-18T12:00:00", "2013-11-19T00:00:00")
    assert days_named(reported, spec, *halves) == ["18 Nov 01:29", "18 Nov 12:00", "19 Nov 00:00"]
