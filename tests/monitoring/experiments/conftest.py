"""A laboratory for each test."""

from pathlib import Path

import pytest
from laboratory import Laboratory


@pytest.fixture
def lab(tmp_path: Path) -> Laboratory:
    """The champion has answered 600 requests, whose labels are in."""
    made = Laboratory(tmp_path)
    made.answer(600)
    return made
