"""ONNX forms of the optional boosting libraries, as onnxmltools and CatBoost themselves define them."""

from importlib.util import find_spec
from typing import Any

from onnx.helper import get_attribute_value
from skl2onnx import update_registered_converter
from skl2onnx.common.data_types import FloatTensorType, Int64TensorType
from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes

OPTIONS = {"nocl": [True, False], "zipmap": [True, False, "columns"]}


def register_boosters() -> None:
    """Register the libraries that are installed."""
    if find_spec("xgboost") is not None:
        from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost
        from xgboost import XGBClassifier

        shapes = calculate_linear_classifier_output_shapes
        update_registered_converter(XGBClassifier, "XGBoostXGBClassifier", shapes, convert_xgboost, options=OPTIONS)
    if find_spec("lightgbm") is not None:
        from lightgbm import LGBMClassifier
        from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm

        shapes = calculate_linear_classifier_output_shapes
        update_registered_converter(LGBMClassifier, "LightGbmLGBMClassifier", shapes, convert_lightgbm, options=OPTIONS)
    if find_spec("catboost") is not None:
        from catboost import CatBoostClassifier

        shapes = calculate_linear_classifier_output_shapes
        update_registered_converter(
            CatBoostClassifier, "CatBoostClassifier", shapes, _convert_catboost, parser=_parse_catboost, options=OPTIONS
        )


def _parse_catboost(scope: Any, model: Any, inputs: Any, custom_parsers: Any = None) -> Any:  # noqa: ARG001
    """CatBoost's class does not derive from scikit-learn's, so its two outputs are declared here."""
    operator = scope.declare_local_operator("CatBoostClassifier", model)
    operator.inputs = inputs
    operator.outputs.append(scope.declare_local_variable("label", Int64TensorType()))
    operator.outputs.append(scope.declare_local_variable("probabilities", FloatTensorType()))
    return operator.outputs


def _convert_catboost(scope: Any, operator: Any, container: Any) -> None:
    """Lift the tree ensemble out of the graph that CatBoost makes of itself."""
    from catboost.utils import convert_to_onnx_object

    graph = convert_to_onnx_object(operator.raw_operator).graph
    [ensemble] = [node for node in graph.node if node.op_type == "TreeEnsembleClassifier"]
    attributes = {item.name: get_attribute_value(item) for item in ensemble.attribute}
    container.add_node(
        "TreeEnsembleClassifier",
        [operator.inputs[0].full_name],
        [output.full_name for output in operator.outputs],
        op_domain="ai.onnx.ml",
        op_version=1,
        name=scope.get_unique_operator_name("CatBoost"),
        **attributes,
    )
