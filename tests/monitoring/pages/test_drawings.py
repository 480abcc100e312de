"""Small pictures as SVG."""

import re
from xml.etree import ElementTree

import pytest

from monitoring.pages.drawings import compared, distribution, histogram, reliability

pytestmark = pytest.mark.unit

BINS = [
    {"rows": 10, "score": 0.1, "rate": {"value": 0.05, "low": 0.0, "high": 0.2}},
    {"rows": 10, "score": 0.6, "rate": {"value": 0.7, "low": None, "high": None}},
]


def drawn(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314


def test_bars_are_as_tall_as_their_shares_and_carry_their_names() -> None:
    svg = drawn(distribution({"names": ["a", "b"], "before": [0.5, 0.5], "now": [1.0, 0.25]}))
    bars = [bar for bar in svg.iter("rect") if bar.get("class") == "now"]
    assert [float(bar.get("height", 0)) for bar in bars] == [30.0, 7.5]
    assert [title.text for title in svg.iter("title")] == [
        "a: 50.0\N{NO-BREAK SPACE}% in training, now 100.0\N{NO-BREAK SPACE}%",
        "b: 50.0\N{NO-BREAK SPACE}% in training, now 25.0\N{NO-BREAK SPACE}%",
    ]
    assert distribution({"names": [], "before": [], "now": []}) == ""


def test_a_dot_lies_where_both_agree_only_on_the_line() -> None:
    svg = drawn(reliability(BINS))
    dots = [(float(dot.get("cx", 0)), float(dot.get("cy", 0))) for dot in svg.iter("circle")]
    assert len(dots) == 2
    assert dots[1][0] > dots[0][0]
    assert dots[1][1] < dots[0][1]
    assert len([path for path in svg.iter("path") if path.get("class") == "span"]) == 1


def test_histograms_hold_all_bars_within_the_frame() -> None:
    edges, shares = [0.0, 1.0, 2.0], [0.9, 0.1]
    picture = {"names": ["0 to 0.5", "0.5 to 1"], "before": [0.2, 0.8], "now": [0.9, 0.1]}
    for svg in (histogram(edges, shares, "ms", "latency"), compared(picture, "score", "scores")):
        bars = list(drawn(svg).iter("rect"))
        assert len(bars) == 2
        assert min(float(bar.get("y", -1)) for bar in bars) >= 0
        assert max(float(bar.get("x", 0)) + float(bar.get("width", 0)) for bar in bars) <= 460


def test_labels_are_escaped() -> None:
    svg = distribution({"names": ['<b>"'], "before": [1.0], "now": [1.0]})
    assert "<b>" not in re.sub("<title>", "", svg)
    drawn(svg)
