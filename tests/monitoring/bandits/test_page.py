"""The page holds what the report says, and fetches nothing."""

import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from monitoring.bandits.draws import Bandit, read_draws
from monitoring.bandits.page import headline, render_bandit, write_bandit_report
from monitoring.bandits.report import BanditReport, bandit_report
from understudy.files import read_json
from understudy.problem import ProblemSpec

pytestmark = pytest.mark.unit


def test_it_shows_the_figures(reported: BanditReport, spec: ProblemSpec) -> None:
    page = render_bandit(reported, spec)
    assert page.count("<svg") == 3
    assert "champion alone" in page
    assert not re.search(r"<script|src=|https?://", page)
    assert "nan" not in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL).lower()


def test_the_headline_says_who_leads_and_what_that_cost(reported: BanditReport) -> None:
    said = headline(reported)
    assert said.startswith("challenger is the best arm with 100")
    assert "less than an even split would have" in said


def test_a_bandit_without_labels_has_a_page_too(drawing: Any, bandit: Bandit, spec: ProblemSpec) -> None:
    bare = bandit_report(read_draws(drawing(labelled=0.0), spec, bandit), bandit, spec)
    assert "It takes labels to estimate anything." in render_bandit(bare, spec)
    assert headline(bare).startswith("No label has landed yet")


def test_the_figures_lie_beside_the_page(reported: BanditReport, spec: ProblemSpec, tmp_path: Path) -> None:
    page = write_bandit_report(reported, spec, tmp_path)
    assert page == tmp_path / "reports/toy/bandits/revision-2--2013-11-01T0000--2013-11-05T1940.html"
    assert read_json(page.with_suffix(".json"))["decisions"] == 300


def test_a_look_back_replaces_no_other(reported: BanditReport, spec: ProblemSpec, tmp_path: Path) -> None:
    back = write_bandit_report(replace(reported, as_of=datetime(2013, 11, 3)), spec, tmp_path)
    assert back.name == "revision-2--2013-11-01T0000--2013-11-05T1940--seen-2013-11-03T0000.html"
    assert read_json(back.with_suffix(".json"))["as_of"] == "2013-11-03T00:00:00"
    assert "Seen as of" in back.read_text(encoding="utf-8")
    assert "Seen as of" not in render_bandit(reported, spec)


def test_each_day_is_named_once_and_wide_tables_scroll(reported: BanditReport, spec: ProblemSpec) -> None:
    page = render_bandit(reported, spec)
    days = re.findall(r'class="tick"[^>]*>(\d\d Nov)<', page)
    assert days == 2 * ["01 Nov", "02 Nov", "03 Nov", "04 Nov", "05 Nov"]
    assert page.count("<table>") == page.count('<div class="scroll"><table>')
    assert '<figure class="wide"><h3>By revision</h3><div class="scroll"><table>' in page
