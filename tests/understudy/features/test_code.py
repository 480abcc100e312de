from collections.abc import Callable
from pathlib import Path

import pytest

from understudy.features.code import code_hash
from understudy.problem import ProblemSpec

pytestmark = pytest.mark.unit

MakeSpec = Callable[..., ProblemSpec]
FUNCTION = "def double(size):\n    return size * 2\n"
INPUTS = [{"name": "double"}]


def test_the_same_code_has_the_same_hash(make_spec: MakeSpec, tmp_path: Path) -> None:
    hashes = {code_hash(make_spec(functions=FUNCTION, inputs=INPUTS), tmp_path) for _ in range(2)}
    assert len(hashes) == 1
    assert len(hashes.pop()) == 64


@pytest.mark.parametrize(
    "change",
    [
        {"view": "SELECT 1"},
        {"functions": FUNCTION.replace("2", "3")},
        {"inputs": [{"name": "double", "unit": "m"}]},
    ],
    ids=["view", "function", "inputs"],
)
def test_any_change_of_the_code_shows(make_spec: MakeSpec, tmp_path: Path, change: dict[str, str]) -> None:
    before = code_hash(make_spec(functions=FUNCTION, inputs=INPUTS), tmp_path)
    after = code_hash(make_spec(**{"functions": FUNCTION, "inputs": INPUTS} | change), tmp_path)
    assert before != after
