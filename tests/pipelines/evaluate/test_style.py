"""Pictures are the same bytes each time, take their colours from the page, and numbers read as people write them."""

import pytest

from pipelines.evaluate import style
from pipelines.evaluate.page import fixed, percent, say_span, with_interval

pytestmark = pytest.mark.integration


@style.themed
def draw(name: str):
    figure, axes = style.new_figure()
    axes.plot([0, 1], [1, 0], color=style.MODEL, label="<b>")
    axes.legend()
    return style.to_svg(figure, name, 'a "label"')


def test_the_same_picture_is_the_same_bytes() -> None:
    assert draw("one") == draw("one")


def test_colours_follow_the_page_and_nothing_else_does() -> None:
    svg = draw("one")
    assert "var(--model)" in svg
    assert not any(stand_in in svg for stand_in in style.VARIABLES)
    assert "DejaVu" not in svg
    assert "<metadata" not in svg
    assert svg.startswith('<svg role="img" aria-label="a &#34;label&#34;"')
    assert "&lt;b&gt;" in svg


@pytest.mark.parametrize(
    ("value", "text"),
    [(12345.6, "12,346"), (0.25, "0.25"), (0.00012, "0.00012"), (99.96, "100"), (None, "–"), (float("nan"), "–")],  # noqa: RUF001
)
def test_numbers_are_plain(value: float | None, text: str) -> None:
    assert style.plain(value) == text


def test_words_for_figures() -> None:
    assert fixed(0.75321) == "0.753"
    assert fixed(387.4) == "387"
    assert percent(0.1234) == "12.3\N{NO-BREAK SPACE}%"
    assert with_interval({"value": 0.5, "low": None, "high": None}) == "0.500"
    assert with_interval({"value": 0.5, "low": 0.4, "high": 0.6}) == "0.500 (0.400 to 0.600)"
    assert (say_span("1d"), say_span("4w")) == ("1 day", "4 weeks")


def test_a_blend_ends_in_the_two_colours() -> None:
    assert style.blend(0.0) == pytest.approx(style.to_rgb(style.PIXEL_LOW))
    assert style.blend(1.0) == pytest.approx(style.to_rgb(style.PIXEL_HIGH))
