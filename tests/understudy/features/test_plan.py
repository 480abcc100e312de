from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from understudy.errors import SpecError
from understudy.features.plan import make_plan
from understudy.problem import ProblemSpec

pytestmark = pytest.mark.unit

MakeSpec = Callable[..., ProblemSpec]
A_SHOP: dict[str, Any] = {
    "shop": np.array(["pier", ""], dtype=object),
    "size": np.array([3.0, np.nan]),
    "gift": np.array([1.0, 0.0]),
    "shop_minutes": np.array([120.0, np.nan]),
    "shop_delivered": np.array([2.0, np.nan]),
}


def test_functions_run_after_what_they_need_and_only_where_needed(make_spec: MakeSpec) -> None:
    plan = make_plan(make_spec())
    made = [name for name, _, _ in plan.steps]
    assert sorted(made) == ["mean_minutes", "relative_size", "size_class"]
    assert made.index("mean_minutes") < made.index("relative_size")
    assert plan.fields == ("gift", "shop", "size")


def test_inputs_come_in_the_models_order_and_types(make_spec: MakeSpec) -> None:
    inputs = make_plan(make_spec()).compute(A_SHOP)
    assert list(inputs) == [
        "size", "gift", "shop_delivered", "mean_minutes", "relative_size", "shop", "size_class"
    ]  # fmt: skip
    assert inputs["relative_size"].dtype == np.float32
    assert inputs["relative_size"][0] == np.float32(3 / 60)
    assert np.isnan(inputs["relative_size"][1])
    assert inputs["size_class"].tolist() == ["large", "small"]


def test_tensors_hold_the_same_values(make_spec: MakeSpec) -> None:
    plan = make_plan(make_spec())
    inputs, (numbers, categories, watched) = plan.compute(A_SHOP), plan.tensors(A_SHOP)
    assert watched is None
    assert numbers is not None
    assert categories is not None
    assert (numbers.dtype, numbers.shape, categories.shape) == (np.float32, (2, 5), (2, 2))
    for place, name in enumerate(plan.numbers):
        assert numbers[:, place].tobytes() == inputs[name].tobytes()
    for place, name in enumerate(plan.categories):
        assert categories[:, place].tolist() == inputs[name].tolist()
        assert {type(value) for value in categories[:, place]} == {str}


def test_a_flat_table_has_no_tensor_without_columns(make_spec: MakeSpec) -> None:
    columns = {
        "order": {"kind": "category", "role": "id"},
        "size": {"kind": "number"},
        "late": {"kind": "flag", "role": "target"},
    }
    plan = make_plan(make_spec(columns=columns, features={}, split={"method": "stratified"}))
    tensors = plan.tensors({"size": np.array([1.5])})
    assert tensors.numbers is not None
    assert (tensors.numbers.tolist(), tensors.categories, tensors.watched) == ([[1.5]], None, None)


def test_what_is_watched_is_made_beside_the_inputs(make_spec: MakeSpec) -> None:
    columns = {
        "order": {"kind": "category", "role": "id"},
        "size": {"kind": "number"},
        "mood": {"kind": "number", "role": "context"},
        "late": {"kind": "flag", "role": "target"},
    }
    features = {"inputs": [{"name": "size"}], "watched": [{"name": "mood"}]}
    plan = make_plan(make_spec(columns=columns, features=features, split={"method": "stratified"}))
    row = {"size": np.array([1.5]), "mood": np.array([np.nan])}
    tensors = plan.tensors(row)
    assert tensors.numbers is not None
    assert tensors.watched is not None
    assert tensors.numbers.tolist() == [[1.5]]
    assert np.isnan(tensors.watched).tolist() == [[True]]
    assert list(plan.compute(row)) == ["size", "mood"]


def test_a_flat_table_needs_no_functions(make_spec: MakeSpec) -> None:
    plan = make_plan(make_spec(features={}))
    assert plan.steps == ()
    assert plan.numbers == ("size", "gift")
    assert plan.categories == ("shop",)


@pytest.mark.parametrize(
    ("functions", "name", "message"),
    [
        ("def cost(minutes):\n    return minutes\n", "cost", "cost needs minutes"),
        ("def cost(courier):\n    return courier\n", "cost", "cost needs courier"),
        ("def cost(price):\n    return price\n", "cost", "cost needs price"),
        ("def a(b):\n    return b\n\ndef b(a):\n    return a\n", "a", "a -> b -> a"),
        ("def size(gift):\n    return gift\n", "size", "Two sources make"),
        ("", "speed", "inputs needs speed"),
    ],
)
def test_what_cannot_be_made_is_refused(make_spec: MakeSpec, functions: str, name: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        make_plan(make_spec(functions=functions, inputs=[{"name": name}]))


def test_a_time_is_no_model_input(make_spec: MakeSpec) -> None:
    with pytest.raises(SpecError, match="placed_at is a time"):
        make_plan(make_spec(inputs=[{"name": "placed_at"}]))


def test_views_need_a_clock(make_spec: MakeSpec) -> None:
    columns = {
        "order": {"kind": "category", "role": "id"},
        "shop": {"kind": "category"},
        "late": {"kind": "flag", "role": "target"},
    }
    spec = make_spec(columns=columns, inputs=[{"name": "shop_delivered"}], split={"method": "stratified"})
    with pytest.raises(SpecError, match="event_time"):
        make_plan(spec)


def test_a_view_looks_up_by_what_a_request_carries(make_spec: MakeSpec) -> None:
    view = {"name": "shop", "sql": "shop.sql", "keys": ["courier"], "columns": ["deliveries"]}
    with pytest.raises(SpecError, match="courier"):
        make_plan(make_spec(features={"views": [view], "inputs": [{"name": "deliveries"}]}))


@pytest.mark.parametrize(("key", "kind"), [("size", "number"), ("placed_at", "time")])
def test_a_view_is_not_looked_up_by_what_has_several_spellings(make_spec: MakeSpec, key: str, kind: str) -> None:
    view = {"name": "load", "sql": "shop.sql", "keys": ["shop", key], "columns": ["deliveries"]}
    with pytest.raises(SpecError, match=f"View load is looked up by {key}, a {kind} of table") as caught:
        make_plan(make_spec(features={"views": [view], "inputs": [{"name": "deliveries"}]}))
    assert f"Declare {key} as {{kind: category, codes: true}}" in caught.value.fix


def test_codes_and_flags_are_keys(make_spec: MakeSpec) -> None:
    view = {"name": "load", "sql": "shop.sql", "keys": ["shop", "gift"], "columns": ["deliveries"]}
    plan = make_plan(make_spec(features={"views": [view], "inputs": [{"name": "deliveries"}]}))
    assert plan.fields == ("gift", "shop")


def test_a_function_returns_one_value_for_each_row(make_spec: MakeSpec) -> None:
    functions = "def total(size):\n    return size.sum()\n"
    plan = make_plan(make_spec(functions=functions, inputs=[{"name": "total"}]))
    with pytest.raises(SpecError, match="total returned shape"):
        plan.compute(A_SHOP)


def test_a_missing_module_is_named(make_spec: MakeSpec) -> None:
    with pytest.raises(SpecError, match="no_such_module"):
        make_plan(make_spec(features={"functions": "no_such_module", "inputs": [{"name": "size"}]}))
