"""Compiling a model to ONNX: preprocessing, estimator and calibration in one graph."""

import warnings
from importlib.util import find_spec
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import to_onnx as sklearn_to_onnx
from skl2onnx import update_registered_converter
from skl2onnx.common.data_types import FloatTensorType, StringTensorType

from pipelines.models.calibration import CLIP, Calibrated
from pipelines.models.hashing import HashingEncoder
from pipelines.models.imputation import MedianImputer
from understudy.problem import ProblemSpec

OPSET = {"": 18, "ai.onnx.ml": 3, "com.microsoft": 1}


def to_onnx(model: Calibrated, spec: ProblemSpec) -> onnx.ModelProto:
    """Compile a calibrated pipeline.

    Returns:
        A graph with the inputs ``numbers`` float32 [rows, numbers] and ``categories`` string [rows, categories] (absent
        when there are none) and one output ``score`` float32 [rows], the probability of the positive class.
    """
    _register()
    inputs = [("numbers", FloatTensorType([None, len(spec.numbers)]))] if spec.numbers else []
    if spec.categories:
        inputs.append(("categories", StringTensorType([None, len(spec.categories)])))
    pipeline = model.estimator
    options = {id(pipeline): {"zipmap": False}}
    with warnings.catch_warnings():
        # skl2onnx still reads attributes that scikit-learn and numpy have deprecated.
        warnings.simplefilter("ignore")
        graph: onnx.ModelProto = sklearn_to_onnx(pipeline, initial_types=inputs, options=options, target_opset=OPSET)
    _append_calibration(graph.graph, model)
    _sort_domains(graph)
    onnx.checker.check_model(graph)
    return graph


def _sort_domains(graph: onnx.ModelProto) -> None:
    """The converter lists them in the order of a set of strings, which differs from process to process."""
    domains = sorted(graph.opset_import, key=lambda opset: opset.domain)
    copies = [onnx.helper.make_opsetid(opset.domain, opset.version) for opset in domains]
    del graph.opset_import[:]
    graph.opset_import.extend(copies)


def _append_calibration(graph: onnx.GraphProto, model: Calibrated) -> None:
    """Replace the outputs (label, probabilities [rows, 2]) by ``score``."""
    probabilities = graph.output[1].name
    del graph.output[:]
    nodes = _Nodes(graph)
    positive = nodes.add("Gather", probabilities, nodes.integers(1), axis=1)
    score = {"sigmoid": _sigmoid, "isotonic": _isotonic, "none": lambda *_: positive}[model.method](
        nodes, positive, model
    )
    nodes.add("Identity", score, to="score")
    graph.output.append(helper.make_tensor_value_info("score", TensorProto.FLOAT, [None]))


def _sigmoid(nodes: "_Nodes", p: str, model: Calibrated) -> str:
    """In doubles, since 1 - p has few digits left in floats where p is near 1."""
    exact = nodes.add("Cast", p, to_type=TensorProto.DOUBLE)
    kept = nodes.add("Clip", exact, nodes.doubles(CLIP), nodes.doubles(1.0 - CLIP))
    odds = nodes.add("Div", kept, nodes.add("Sub", nodes.doubles(1.0), kept))
    scaled = nodes.add("Mul", nodes.add("Log", odds), nodes.doubles(model.slope_))
    score = nodes.add("Sigmoid", nodes.add("Add", scaled, nodes.doubles(model.intercept_)))
    return nodes.add("Cast", score, to_type=TensorProto.FLOAT)


def _isotonic(nodes: "_Nodes", p: str, model: Calibrated) -> str:
    """Interpolate between neighbouring points, found by counting the points that lie at or below p."""
    steps, values = model.steps_, model.values_
    if len(steps) == 1:
        return nodes.add("Add", nodes.add("Mul", p, nodes.floats(0.0)), nodes.floats(values[0]))
    kept = nodes.add("Clip", p, nodes.floats(steps[0]), nodes.floats(steps[-1]))
    column = nodes.add("Unsqueeze", kept, nodes.integers([1]))
    reached = nodes.add("Cast", nodes.add("LessOrEqual", nodes.floats(steps[1:-1]), column), to_type=TensorProto.INT64)
    left = nodes.add("ReduceSum", reached, nodes.integers([1]), keepdims=0)
    slopes = np.diff(values) / np.diff(steps)
    offset = nodes.add("Sub", kept, nodes.add("Gather", nodes.floats(steps[:-1]), left))
    rise = nodes.add("Mul", offset, nodes.add("Gather", nodes.floats(slopes), left))
    return nodes.add("Add", nodes.add("Gather", nodes.floats(values[:-1]), left), rise)


class _Nodes:
    """Appends nodes and constants to a graph and names what they make."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.graph = graph
        self.count = 0

    def add(self, kind: str, *inputs: str, to: str = "", to_type: int | None = None, **attributes: Any) -> str:
        made = to or self._name()
        given = attributes if to_type is None else {"to": to_type}
        self.graph.node.append(helper.make_node(kind, list(inputs), [made], **given))
        return made

    def floats(self, value: Any) -> str:
        return self._constant(np.asarray(value, dtype=np.float32))

    def doubles(self, value: Any) -> str:
        return self._constant(np.asarray(value, dtype=np.float64))

    def integers(self, value: Any) -> str:
        return self._constant(np.asarray(value, dtype=np.int64))

    def _constant(self, value: Any) -> str:
        name = self._name()
        self.graph.initializer.append(numpy_helper.from_array(value, name))
        return name

    def _name(self) -> str:
        self.count += 1
        return f"calibration_{self.count}"


def _register() -> None:
    """Tell skl2onnx about our transformers and about the boosters that are installed."""
    update_registered_converter(MedianImputer, "UnderstudyMedianImputer", _imputer_shape, _convert_imputer)
    update_registered_converter(HashingEncoder, "UnderstudyHashingEncoder", _hashing_shape, _convert_hashing)
    if find_spec("onnxmltools") is not None:
        from pipelines.models.boosters import register_boosters

        register_boosters()


def _imputer_shape(operator: Any) -> None:
    fitted = operator.raw_operator
    operator.outputs[0].type = FloatTensorType([None, len(fitted.medians_) + len(fitted.flagged_)])


def _convert_imputer(scope: Any, operator: Any, container: Any) -> None:
    fitted, source = operator.raw_operator, operator.inputs[0].full_name
    name = scope.get_unique_variable_name
    medians, flagged = name("medians"), name("flagged")
    container.add_initializer(medians, TensorProto.FLOAT, [len(fitted.medians_)], fitted.medians_.astype(np.float32))
    container.add_initializer(flagged, TensorProto.INT64, [len(fitted.flagged_)], fitted.flagged_.astype(np.int64))
    missing, filled, flags, kept = name("missing"), name("filled"), name("flags"), name("kept")
    container.add_node("IsNaN", [source], [missing], op_version=13)
    container.add_node("Where", [missing, medians, source], [filled], op_version=16)
    container.add_node("Cast", [missing], [flags], op_version=13, to=TensorProto.FLOAT)
    container.add_node("Gather", [flags, flagged], [kept], op_version=13, axis=1)
    container.add_node("Concat", [filled, kept], [operator.outputs[0].full_name], op_version=13, axis=1)


def _hashing_shape(operator: Any) -> None:
    fitted = operator.raw_operator
    operator.outputs[0].type = FloatTensorType([None, fitted.n_features_in_ * fitted.buckets_])


def _convert_hashing(scope: Any, operator: Any, container: Any) -> None:
    fitted, source = operator.raw_operator, operator.inputs[0].full_name
    name = scope.get_unique_variable_name
    buckets, shape = name("buckets"), name("shape")
    container.add_initializer(buckets, TensorProto.INT64, [fitted.buckets_], np.arange(fitted.buckets_))
    container.add_initializer(shape, TensorProto.INT64, [2], np.array([-1, fitted.n_features_in_ * fitted.buckets_]))
    count, last = name("count"), name("last")
    container.add_initializer(count, TensorProto.INT64, [], [fitted.buckets_])
    container.add_initializer(last, TensorProto.INT64, [1], [2])
    steps = [name(step) for step in ("hash", "whole", "bucket", "column", "same", "flags")]
    container.add_node("MurmurHash3", [source], [steps[0]], op_domain="com.microsoft", op_version=1, positive=1, seed=0)
    container.add_node("Cast", [steps[0]], [steps[1]], op_version=13, to=TensorProto.INT64)
    container.add_node("Mod", [steps[1], count], [steps[2]], op_version=13)
    container.add_node("Unsqueeze", [steps[2], last], [steps[3]], op_version=13)
    container.add_node("Equal", [steps[3], buckets], [steps[4]], op_version=13)
    container.add_node("Cast", [steps[4]], [steps[5]], op_version=13, to=TensorProto.FLOAT)
    container.add_node("Reshape", [steps[5], shape], [operator.outputs[0].full_name], op_version=14)
