"""Pages are escaped, complete, and fetch nothing."""

import pytest
from jinja2 import UndefinedError

from monitoring.pages.environment import fill

pytestmark = pytest.mark.unit
EMPTY = {"heading": "<Late?>", "kicker": "toy", "verdict": "", "shelves": [], "sections": [], "up": None}


def test_values_are_escaped() -> None:
    page = fill("index.html", **EMPTY)
    assert "&lt;Late?&gt;" in page
    assert "default-src 'none'" in page


def test_what_is_forgotten_is_told() -> None:
    with pytest.raises(UndefinedError, match="kicker"):
        fill("index.html", **{name: value for name, value in EMPTY.items() if name != "kicker"})
