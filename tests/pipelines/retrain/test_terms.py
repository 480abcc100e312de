"""A retraining's parts and gates follow from the problem and the moment alone."""

from collections.abc import Callable
from datetime import datetime

import pytest

from pipelines.retrain.terms import spec_as_of
from understudy.errors import SpecError
from understudy.problem import ProblemSpec

pytestmark = pytest.mark.unit

MOMENT = datetime(2024, 2, 1, 12)
SPANS = {"calibration": "1d", "validation": "2d", "test": "12h"}
ToySpec = Callable[..., ProblemSpec]


def test_parts_lie_back_to_back_before_the_moment(toy_spec: ToySpec) -> None:
    split = spec_as_of(toy_spec(monitoring={"retraining": SPANS | {"train": "1w"}}), MOMENT).split
    assert (split.method, split.since) == ("time", "2024-01-22T00:00:00")
    assert split.until == {
        "train": "2024-01-29T00:00:00",
        "calibration": "2024-01-30T00:00:00",
        "validation": "2024-02-01T00:00:00",
        "test": "2024-02-01T12:00:00",
    }
    assert list(split.until) == ["train", "calibration", "validation", "test"]


def test_without_a_span_everything_before_is_learned_from(toy_spec: ToySpec) -> None:
    assert spec_as_of(toy_spec(monitoring={"retraining": SPANS}), MOMENT).split.since is None


def test_floors_fall_unless_they_are_repeated_and_the_champion_must_be_beaten(toy_spec: ToySpec) -> None:
    gates = {"roc_auc": 0.75, "cost_per_1000": 400.0, "fairness_gap": 0.3, "calibration_error": 0.2}
    plain = spec_as_of(toy_spec(gates=gates), MOMENT).gates
    assert (plain.roc_auc, plain.cost_per_1000, plain.better_than_champion) == (None, None, True)
    assert (plain.fairness_gap, plain.calibration_error, plain.beats_baselines) == (0.3, 0.2, True)
    wanted = {"gates": {"roc_auc": 0.5, "beats_baselines": False, "better_than_champion": False}}
    said = spec_as_of(toy_spec(gates=gates, monitoring={"retraining": wanted}), MOMENT).gates
    assert (said.roc_auc, said.beats_baselines, said.better_than_champion) == (0.5, False, False)


def test_nothing_else_of_the_problem_changes(toy_spec: ToySpec) -> None:
    spec = toy_spec()
    again = spec_as_of(spec, MOMENT)
    assert again.model_copy(update={"split": spec.split, "gates": spec.gates}) == spec


def test_rows_without_time_have_no_moment(toy_spec: ToySpec) -> None:
    spec = toy_spec(split={"method": "stratified"})
    tables = {"rows": spec.tables["rows"].model_copy(update={"columns": undated(spec)})}
    with pytest.raises(SpecError, match="toy cannot be trained as of a moment: its rows have no time"):
        spec_as_of(spec.model_copy(update={"tables": tables}), MOMENT)


def undated(spec: ProblemSpec) -> dict[str, object]:
    return {name: column for name, column in spec.columns.items() if column.kind != "time"}
