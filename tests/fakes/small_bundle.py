"""A bundle of two numbers and one category, made by hand: score = sigmoid(2 size - weight + [town is "north"])."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from understudy.bundle import Bundle
from understudy.bundle.manifest import (
    FILES,
    MANIFEST,
    MODEL,
    Example,
    FeatureCode,
    Figure,
    FileEntry,
    Inputs,
    Manifest,
    Metrics,
    ModelInput,
    Parity,
    RequestField,
)
from understudy.files import sha256_file
from understudy.problem.decision import Costs
from understudy.records import GateCheck, Lineage, Verdict

INPUTS = Inputs(
    numbers=(ModelInput(name="size", unit="m2"), ModelInput(name="weight", unit="kg")),
    categories=(ModelInput(name="town"),),
)


WEIGHTS = (2.0, -1.0)


def expected_score(size: float, weight: float, town: str, weights: tuple[float, float] = WEIGHTS) -> float:
    """What the model should say; missing numbers count as 0."""
    size, weight = (0.0 if np.isnan(value) else value for value in (size, weight))
    return float(1 / (1 + np.exp(-(weights[0] * size + weights[1] * weight + (town == "north")))))


def small_model(output: str = "score", weights: tuple[float, ...] = WEIGHTS, categories: int = 1) -> bytes:
    """ONNX bytes of the model, or of one with more numbers and categories."""
    constants = {"zero": np.float32(0), "weights": np.array(weights, np.float32)[:, None], "axes": np.array([1])}
    encoder = helper.make_node(
        "LabelEncoder", ["categories"], ["norths"], domain="ai.onnx.ml",
        keys_strings=["north"], values_floats=[1.0], default_float=0.0,
    )  # fmt: skip
    nodes = [
        helper.make_node("IsNaN", ["numbers"], ["missing"]),
        helper.make_node("Where", ["missing", "zero", "numbers"], ["filled"]),
        helper.make_node("MatMul", ["filled", "weights"], ["weighed"]),
        encoder,
        helper.make_node("ReduceSum", ["norths", "axes"], ["north"], keepdims=1),
        helper.make_node("Add", ["weighed", "north"], ["odds"]),
        helper.make_node("Squeeze", ["odds", "axes"], ["flat"]),
        helper.make_node("Sigmoid", ["flat"], [output]),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [
            helper.make_tensor_value_info("numbers", TensorProto.FLOAT, [None, len(weights)]),
            helper.make_tensor_value_info("categories", TensorProto.STRING, [None, categories]),
        ],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, [None])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


FOREVER = 2**40


def tricky_model(trips: int = FOREVER, large: float = 1000, small: float = -1000) -> bytes:
    """The small model, but it goes round ``trips`` times where a size is above ``large``, and fails below ``small``.

    A round takes about 2.5 µs; FOREVER would take a month.
    """
    body = helper.make_graph(
        [helper.make_node("Identity", ["on"], ["still"]), helper.make_node("Add", ["sum", "nothing"], ["more"])],
        "round",
        [
            helper.make_tensor_value_info("round_number", TensorProto.INT64, []),
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("sum", TensorProto.FLOAT, []),
        ],
        [
            helper.make_tensor_value_info("still", TensorProto.BOOL, []),
            helper.make_tensor_value_info("more", TensorProto.FLOAT, []),
        ],
        [numpy_helper.from_array(np.float32(0), "nothing")],
    )
    constants = {
        "trips": np.int64(trips), "start": np.float32(0), "large": np.float32(large), "small": np.float32(small),
        "far": np.array([5]), "one_item": np.zeros(1, np.float32), "first": np.array(0),
    }  # fmt: skip
    nodes = [
        helper.make_node("Gather", ["numbers", "first"], ["size"], axis=1),
        helper.make_node("Greater", ["size", "large"], ["is_large"]),
        helper.make_node("Cast", ["is_large"], ["large_count"], to=TensorProto.INT64),
        helper.make_node("ReduceMax", ["large_count"], ["any_large"], keepdims=0),
        helper.make_node("Mul", ["any_large", "trips"], ["rounds"]),
        helper.make_node("Loop", ["rounds", "", "start"], ["waited"], body=body),
        helper.make_node("Less", ["size", "small"], ["is_small"]),
        helper.make_node("Cast", ["is_small"], ["small_count"], to=TensorProto.INT64),
        helper.make_node("ReduceMax", ["small_count"], ["any_small"], keepdims=0),
        helper.make_node("Mul", ["any_small", "far"], ["index"]),
        helper.make_node("Gather", ["one_item", "index"], ["item"], axis=0),
        helper.make_node("Add", ["item", "waited"], ["zeros"]),
        helper.make_node("Add", ["plain", "zeros"], ["score"]),
    ]
    model = onnx.load_from_string(small_model(output="plain"))
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info("score", TensorProto.FLOAT, [None]))
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(
        numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()
    )
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def small_manifest(folder: Path, **changes: Any) -> Manifest:
    """The manifest of the files that are in ``folder``."""
    files = {name: FileEntry(sha256=sha256_file(folder / name), size=(folder / name).stat().st_size) for name in FILES}
    score = expected_score(1.0, 0.5, "north")
    values: dict[str, Any] = {
        "problem": "toy",
        "title": "Toy",
        "task": "binary",
        "profile": "full",
        "request": (RequestField(name="size", role="feature", kind="number", unit="m2"),),
        "example": Example(request={"size": 1.0}, numbers=(1.0, 0.5), categories=("north",), score=score),
        "features": FeatureCode(functions=None, views=(), code_hash="c" * 64),
        "inputs": INPUTS,
        "output": "probability that sold is true",
        "threshold": 0.4,
        "costs": Costs(),
        "block": "1d",
        "segments": (),
        "unit": None,
        "candidate": "by_hand",
        "family": "linear",
        "imbalance": "none",
        "calibration": "sigmoid",
        "parameters": {"C": 1.0},
        "metrics": Metrics(
            rows=100,
            test={"roc_auc": Figure(value=0.8, low=0.7, high=0.9), "f1": Figure(value=None)},
            validation={"roc_auc": 0.81},
            train={"roc_auc": 0.82},
        ),
        "parity": Parity(rows=10, max_difference=1e-7, tolerance=1e-5, decisions_changed=0),
        "lineage": Lineage(git_commit="a" * 40, data_hash="d" * 64, config_hash="e" * 64, lock_hash="", study="s" * 64),
        "files": files,
    }
    return Manifest(**{**values, **changes})


def write_small_bundle(folder: Path, model: bytes | None = None, **changes: Any) -> Path:
    """Write the whole bundle, with another model where one is given; ``changes`` replace fields of its manifest."""
    folder.mkdir(parents=True)
    for name in FILES - {MODEL}:
        (folder / name).write_text(f"the {name} of the toy problem\n", encoding="utf-8")
    (folder / MODEL).write_bytes(model or small_model())
    manifest = small_manifest(folder, **changes)
    (folder / MANIFEST).write_text(json.dumps(manifest.model_dump(mode="json")), encoding="utf-8")
    return folder


def a_bundle(folder: Path, model: bytes | None = None, **changes: Any) -> Bundle:
    """Write the bundle, verify it and open it."""
    return Bundle.load(write_small_bundle(folder, model, **changes))


def verdict_on(digest: str, decision: Any = "accepted", champion: int | None = None) -> Verdict:
    """A verdict of one check."""
    passed = "pass" if decision == "accepted" else "fail"
    check = GateCheck(name="roc_auc", figure=0.8, limit=0.7, verdict=passed, why="0.8 against 0.7.")
    return Verdict(digest=digest, decision=decision, checks=(check,), champion=champion)
