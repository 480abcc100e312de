"""The small model, broken in ways that only traffic shows."""

import numpy as np
import onnx
from onnx import helper, numpy_helper
from small_bundle import expected_score, small_model, tricky_model

SCORE = expected_score(1.0, 0.5, "north")
"""Of the example that ``served`` gives to each bundle."""


def inverted_model() -> tuple[bytes, float]:
    """Says 1 - score; and what it says of the example."""
    one = numpy_helper.from_array(np.float32(1), "one")
    return _extended([helper.make_node("Sub", ["one", "plain"], ["score"])], one), 1 - SCORE


def constant_model() -> tuple[bytes, float]:
    """Says 0.5 to everything."""
    constants = [numpy_helper.from_array(np.float32(value), name) for name, value in {"none": 0, "half": 0.5}.items()]
    nodes = [
        helper.make_node("Mul", ["plain", "none"], ["nothing"]),
        helper.make_node("Add", ["nothing", "half"], ["score"]),
    ]
    return _extended(nodes, *constants), 0.5


def erring_model() -> tuple[bytes, float]:
    """Fails for sizes below 0.9."""
    return tricky_model(0, small=0.9), SCORE


def _extended(nodes: list[onnx.NodeProto], *constants: onnx.TensorProto) -> bytes:
    model = onnx.load_from_string(small_model(output="plain"))
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info("score", onnx.TensorProto.FLOAT, [None]))
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(constants)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
