from pathlib import Path

import pytest
from pydantic import ValidationError

from understudy.errors import SpecError
from understudy.problem import ProblemSpec, parse_problem

pytestmark = pytest.mark.unit


@pytest.fixture
def spec(yaml_text: str, yaml_path: Path) -> ProblemSpec:
    return parse_problem(yaml_text, yaml_path)


def test_roles_are_found_by_name(spec: ProblemSpec) -> None:
    assert (spec.id, spec.event_time, spec.label_time, spec.target) == ("id", "at", "landed", "returned")
    assert spec.protected == ("sex",)
    assert spec.having("leak") == ("refund",)


def test_a_flat_table_feeds_its_features_numbers_first(spec: ProblemSpec) -> None:
    assert [item.name for item in spec.inputs] == ["size", "gift", "town"]
    assert spec.numbers == ("size", "gift")
    assert spec.categories == ("town",)
    assert spec.inputs[0].unit == "cm"


def test_declared_inputs_replace_the_columns(yaml_text: str, yaml_path: Path) -> None:
    declared = "features: {inputs: [{name: town, kind: category}, {name: speed}]}"
    spec = parse_problem(yaml_text.replace("features: {}", declared), yaml_path)
    assert [item.name for item in spec.inputs] == ["speed", "town"]


def test_a_spec_is_frozen(spec: ProblemSpec) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        spec.seed = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("main: orders", "main: order", "names the table 'order', which tables does not declare"),
        ("role: target", "role: leak", "needs one target column, has 0"),
        ("role: label_time", "role: event_time", "at most one event_time column, has 2"),
        (", role: event_time", "", "ordered split needs a column with the role event_time"),
        ("name: tree", "name: logistic", "two candidates share a name"),
        ("features: {}", "features: {inputs: [{name: refund}]}", "['refund'] are known only after prediction time"),
        ("features: {}", "features: {inputs: [{name: landed}]}", "['landed'] are known only after prediction time"),
        ("gates: {}", "gates: {}\nfast: {candidates: [forest]}", "fast names candidates that are not declared"),
        ("evaluation: {}", "evaluation: {segments: [mood]}", "segments names columns that are not declared: ['mood']"),
        ("name: shop", "name: Shop!", "name"),
    ],
)
def test_what_contradicts_itself_is_refused(yaml_text: str, yaml_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_problem(yaml_text.replace(old, new, 1), yaml_path)
    assert message in caught.value.what


def test_baselines_alone_are_not_a_search(yaml_text: str, yaml_path: Path) -> None:
    only = yaml_text.replace("family: linear", "family: baseline").replace("family: tree", "family: baseline")
    with pytest.raises(SpecError, match="every candidate is a baseline"):
        parse_problem(only, yaml_path)


def test_fast_keeps_baselines_and_bounds_the_search(yaml_text: str, yaml_path: Path) -> None:
    spec = parse_problem(yaml_text + "fast: {candidates: [logistic], rows: 500, trials: 3}\n", yaml_path).fastened()
    assert [(candidate.name, candidate.trials) for candidate in spec.candidates] == [("majority", 1), ("logistic", 3)]
    assert (spec.tuning.rows, spec.tuning.folds, spec.tuning.drop_one) == (500, 2, False)
