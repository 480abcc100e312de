"""From the trained pipeline to ONNX bytes and the names of their inputs."""

from typing import Any

from pipelines.models.conversion import to_onnx
from understudy.bundle.manifest import Inputs, ModelInput
from understudy.errors import BundleError
from understudy.problem import Input, ProblemSpec


def compile_model(model: Any, spec: ProblemSpec) -> tuple[bytes, Inputs]:
    """Compile a calibrated pipeline; the same model gives the same bytes.

    Raises:
        BundleError: a part of the pipeline has no ONNX form.
    """
    try:
        graph = to_onnx(model, spec)
    except Exception as error:  # the converters raise their own, RuntimeError, NotImplementedError and more
        raise BundleError(
            f"The trained {spec.name} model cannot be compiled: {type(error).__name__}: {error}",
            "Leave out the candidate that won, or give its parts an ONNX form in pipelines/models/conversion.py.",
        ) from error
    return graph.SerializeToString(deterministic=True), model_inputs(spec)


def model_inputs(spec: ProblemSpec) -> Inputs:
    """The columns of the model's two tensors, in order."""
    return Inputs(
        numbers=tuple(_entry(item) for item in spec.inputs if item.kind == "number"),
        categories=tuple(_entry(item) for item in spec.inputs if item.kind == "category"),
    )


def _entry(item: Input) -> ModelInput:
    return ModelInput(name=item.name, unit=item.unit, about=item.about)
