"""Whatever a value is, YAML reads it back as the same."""

from types import SimpleNamespace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipelines.scaffold.scalars import decimal, quoted

pytestmark = pytest.mark.unit


@given(st.text())
def test_any_name_survives_yaml(name: str) -> None:
    assert yaml.safe_load(f"{{{quoted(name)}: 1}}") == {name: 1}


def test_words_that_yaml_would_read_as_something_else() -> None:
    assert SimpleNamespace(**{name: quoted(name) for name in ("yes", "null", "months")}) == SimpleNamespace(
        yes='"yes"', null='"null"', months="months"
    )


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_number_is_read_back_as_one(value: float) -> None:
    assert float(yaml.safe_load(f"{{a: {decimal(value)}}}")["a"]) == value
