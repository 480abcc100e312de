"""Points land where the axes say."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.pages.plot import EDGE, HEIGHT, WIDTH, Plot, svg, whole

pytestmark = pytest.mark.unit


def test_corners_by_hand() -> None:
    plot = Plot(10.0, 2.0, left=-10.0, bottom=1.0)
    assert plot.at(-10, 1) == (EDGE, HEIGHT - EDGE)
    assert plot.at(10, 2) == (WIDTH - 12, 10)
    assert plot.at(0, 1.5) == ((EDGE + WIDTH - 12) / 2, (HEIGHT - EDGE + 10) / 2)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.floats(0, 1), st.floats(0, 1))
def test_whatever_lies_within_the_axes_lies_within_the_picture(left: float, wide: float, x: float, y: float) -> None:
    plot = Plot(left + wide, 1.0, left=left)
    across, up = plot.at(left + x * wide, y)
    assert EDGE - 1e-3 <= across <= WIDTH - 12 + 1e-3
    assert 10 - 1e-3 <= up <= HEIGHT - EDGE + 1e-3


def test_axes_of_no_length_divide_by_nothing() -> None:
    assert Plot(0.0, 0.0).at(0.0, 0.0) == (EDGE, HEIGHT - EDGE)


def test_marks() -> None:
    plot = Plot(1.0, 1.0)
    assert plot.line([(0, 0), (1, 1)], "curve") == '<path d="M58.0 242.0 L448.0 10.0" class="curve"/>'
    assert plot.band([(0, 1), (1, 1)], [(0, 0), (1, 0)]).count(" L") == 3
    assert "Z" in plot.band([(0, 1)], [(0, 0)])
    assert 'class="now"' in plot.bar(0, 0.5, 0.5, "half")
    ticks = re.findall(r'class="tick"[^>]*>([^<]+)<', plot.frame("x", "y", across="{:.2f}".format))
    assert [tick for tick in ticks if "." in tick] == ["0.00", "0.25", "0.50", "0.75", "1.00"]


def test_what_is_counted_is_named_once() -> None:
    assert [list(whole(last)) for last in (0, 1, 2)] == [[0], [0, 1], [0, 1, 2]]
    assert [list(whole(last)) for last in (7, 9)] == [[0, 2, 4, 6], [0, 3, 6, 9]]
    frame = Plot(2.0, 1.0).frame("", "", across="day {:.0f}".format, places=whole(2))
    places = re.findall(r'<text x="([0-9.]+)"[^>]*>(day \d)<', frame)
    assert places == [("58.0", "day 0"), ("253.0", "day 1"), ("458.0", "day 2")]


def test_words_are_escaped() -> None:
    plot, evil = Plot(1.0, 1.0), "<b>&"
    parts = [plot.frame(evil, evil), plot.dot(0, 0, evil), plot.bar(0, 1, 1, evil), plot.note(0, 0, evil)]
    assert evil not in str(plot.svg(parts, evil))
    assert str(svg(1, 2, "", evil)).startswith('<svg viewBox="0 0 1 2" role="img" aria-label="&lt;b&gt;&amp;"')
