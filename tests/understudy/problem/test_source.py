from typing import Any

import pytest
from pydantic import ValidationError

from understudy.problem.source import DataFile, Source

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("values", [{}, {"path": "a.csv", "function": "problems.a:read"}])
def test_a_source_is_a_file_or_a_function(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="give either path"):
        Source.model_validate(values)


@pytest.mark.parametrize("digest", ["", "abc", "G" * 64, "A" * 64])
def test_a_pin_is_a_whole_hash(digest: str) -> None:
    assert DataFile(path="a.csv", sha256="0" * 64).path == "a.csv"
    with pytest.raises(ValidationError, match="sha256"):
        DataFile(path="a.csv", sha256=digest)
