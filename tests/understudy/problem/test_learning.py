from typing import Any

import pytest
from pydantic import ValidationError

from understudy.problem.learning import Range, Tuning

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("values", [{"low": 0, "high": 1, "log": False}, {"choices": ["a", None]}])
def test_a_range_has_one_form(values: dict[str, Any]) -> None:
    assert Range.model_validate(values).model_dump(exclude_unset=True).keys() == values.keys()


@pytest.mark.parametrize("values", [{}, {"low": 0}, {"low": 0, "high": 1, "choices": [1]}])
def test_a_range_with_no_form_or_two_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="give either choices, or low and high"):
        Range.model_validate(values)


def test_one_fold_is_no_cross_validation() -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 2"):
        Tuning(folds=1)
