"""A bundle's model made difficult, to stand as a shadow or a canary: slower, hanging, raising, inverted or constant.

Each scores the manifest's own example as the real model does, since a model that cannot is never loaded, and shows its
difficulty for every other row. Needs a model that reads numbers.
"""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.compose
from onnx import TensorProto, helper, numpy_helper

from understudy.bundle import MANIFEST, Bundle
from understudy.bundle.manifest import MODEL, FileEntry
from understudy.files import sha256_file, write_json

FOREVER = 2**40
"""Times that nobody lives to see."""
SOUND = "sound/"


def slower(bundle: Bundle, times: int, folder: Path) -> Bundle:
    """Write the bundle to ``folder``, with a model that works out each answer ``times`` times over."""
    model = _inner(bundle)
    once = _once(model.graph)
    nodes = [
        helper.make_node("Mul", ["strange", "others"], ["more"]),
        helper.make_node("Add", ["more", "one"], ["rounds"]),
        helper.make_node("Shape", ["numbers"], ["rows"], end=1),
        helper.make_node("ConstantOfShape", ["rows"], ["nothing"]),
        helper.make_node("Loop", ["rounds", "", "nothing"], ["score"], body=once),
    ]
    del model.graph.node[:]
    return _written(bundle, model, nodes, {"others": np.int64(times - 1), "one": np.int64(1)}, folder)


def raising(bundle: Bundle, folder: Path) -> Bundle:
    """Write the bundle to ``folder``, with a model that fails at run time."""
    model = _inner(bundle)
    nodes = [
        helper.make_node("Gather", ["one_item", "strange"], ["zero"], axis=0),
        helper.make_node("Add", [SOUND + "score", "zero"], ["score"]),
    ]
    return _written(bundle, model, nodes, {"one_item": np.zeros(1, np.float32)}, folder)


def inverted(bundle: Bundle, folder: Path) -> Bundle:
    """Write the bundle to ``folder``, with a model that says 1 - score."""
    model = _inner(bundle)
    nodes = [
        helper.make_node("Cast", ["strange"], ["turned"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [SOUND + "score", "two"], ["twice"]),
        helper.make_node("Sub", ["one", "twice"], ["apart_from_half"]),
        helper.make_node("Mul", ["turned", "apart_from_half"], ["moved"]),
        helper.make_node("Add", [SOUND + "score", "moved"], ["score"]),
    ]
    return _written(bundle, model, nodes, {"one": np.float32(1), "two": np.float32(2)}, folder)


def constant(bundle: Bundle, folder: Path) -> Bundle:
    """Write the bundle to ``folder``, with a model that says the same to everything: a little below its threshold."""
    model = _inner(bundle)
    nodes = [
        helper.make_node("Cast", ["strange"], ["turned"], to=TensorProto.FLOAT),
        helper.make_node("Sub", ["always", SOUND + "score"], ["apart_from_it"]),
        helper.make_node("Mul", ["turned", "apart_from_it"], ["moved"]),
        helper.make_node("Add", [SOUND + "score", "moved"], ["score"]),
    ]
    return _written(bundle, model, nodes, {"always": np.float32(0.9 * bundle.manifest.threshold)}, folder)


def _inner(bundle: Bundle) -> onnx.ModelProto:
    """The model with other names for all but its inputs, and without an output."""
    model = onnx.compose.add_prefix(onnx.load_from_string(bundle.model), SOUND, rename_inputs=False)
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info("score", TensorProto.FLOAT, [None]))
    return model


def _once(graph: onnx.GraphProto) -> onnx.GraphProto:
    """The graph's nodes as the body of a loop, which reads the tensors around it."""
    return helper.make_graph(
        [helper.make_node("Identity", ["on"], ["still"]), *graph.node],
        "once",
        [
            helper.make_tensor_value_info("round", TensorProto.INT64, []),
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("before", TensorProto.FLOAT, [None]),
        ],
        [
            helper.make_tensor_value_info("still", TensorProto.BOOL, []),
            helper.make_tensor_value_info(SOUND + "score", TensorProto.FLOAT, [None]),
        ],
    )


def _written(
    bundle: Bundle, model: onnx.ModelProto, nodes: list[Any], constants: dict[str, Any], folder: Path
) -> Bundle:
    example = np.array(bundle.manifest.example.numbers, np.float32)
    constants = {
        **constants, "missing": np.float32(0), "usual": np.where(np.isnan(example), np.float32(0), example),
    }  # fmt: skip
    model.graph.node.extend([*_STRANGE, *nodes])
    model.graph.initializer.extend(
        numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()
    )
    onnx.checker.check_model(model)
    shutil.copytree(bundle.folder, folder)
    (folder / MODEL).write_bytes(model.SerializeToString())
    entry = FileEntry(sha256=sha256_file(folder / MODEL), size=(folder / MODEL).stat().st_size)
    manifest = bundle.manifest.model_copy(update={"files": {**bundle.manifest.files, MODEL: entry}})
    write_json(folder / MANIFEST, manifest.model_dump(mode="json"))
    return Bundle.load(folder)


_STRANGE = (
    helper.make_node("IsNaN", ["numbers"], ["absent"]),
    helper.make_node("Where", ["absent", "missing", "numbers"], ["present"]),
    helper.make_node("Sub", ["present", "usual"], ["apart"]),
    helper.make_node("Cast", ["apart"], ["differs"], to=TensorProto.BOOL),
    helper.make_node("Cast", ["differs"], ["counts"], to=TensorProto.INT64),
    helper.make_node("ReduceMax", ["counts"], ["strange"], keepdims=0),
)
"""1 where any row differs from the manifest's example, else 0."""
