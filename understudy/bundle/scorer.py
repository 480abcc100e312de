"""Running the compiled model: two tensors in, one probability for each row out."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.bundle.manifest import Inputs
from understudy.errors import BundleError

Array = NDArray[Any]
FloatArray = NDArray[np.float32]

NUMBERS, CATEGORIES, SCORE = "numbers", "categories", "score"
FATAL = 4
"""Of ONNX Runtime's log levels. What fails at a row is raised; a line for each would fill a server's log."""
REBUILD = "Build the bundle again with `understudy train`."


class Scorer:
    """A compiled model on one thread, which is fastest for single rows and gives the same scores each time."""

    def __init__(self, model: bytes, inputs: Inputs, name: str = "model") -> None:
        """Prepare the model.

        Args:
            model: ONNX bytes.
            inputs: what the model must take.
            name: what to call it in messages.

        Raises:
            BundleError: the bytes are no runnable model, or it takes or gives something else.
        """
        self.widths = {NUMBERS: len(inputs.numbers), CATEGORIES: len(inputs.categories)}
        self._session = _open(model, name)
        self._check_signature(name)

    def score(self, numbers: Array | None, categories: Array | None, options: Any = None) -> FloatArray:
        """Probability of the positive class for each row.

        Args:
            numbers: float32 [rows, numbers], NaN for missing; None when the model reads no numbers.
            categories: text [rows, categories], "" for missing; None when it reads none.
            options: onnxruntime's ``RunOptions``, by which another thread can end the run.

        Returns:
            float32 [rows].

        Raises:
            BundleError: a tensor is missing, superfluous or of the wrong width.
        """
        given = {NUMBERS: numbers, CATEGORIES: categories}
        feed = {}
        for name, width in self.widths.items():
            tensor = given[name]
            shape = () if tensor is None else tensor.shape
            if (tensor is None) != (width == 0) or (tensor is not None and (len(shape) != 2 or shape[1] != width)):
                raise BundleError(f"{name} has shape {shape}, and the model reads (rows, {width}).", "Pass that shape.")
            if tensor is not None:
                feed[name] = tensor.astype(np.float32, copy=False) if name == NUMBERS else tensor
        scores: FloatArray = self._session.run([SCORE], feed, options)[0]
        return scores

    def _check_signature(self, name: str) -> None:
        expected = {
            (NUMBERS, "tensor(float)", self.widths[NUMBERS]),
            (CATEGORIES, "tensor(string)", self.widths[CATEGORIES]),
        }
        expected = {entry for entry in expected if entry[2]}
        found = {(item.name, item.type, item.shape[-1]) for item in self._session.get_inputs()}
        if found != expected:
            raise BundleError(f"The {name} model takes {sorted(found)} instead of {sorted(expected)}.", REBUILD)
        outputs = [(item.name, item.type, len(item.shape)) for item in self._session.get_outputs()]
        if outputs != [(SCORE, "tensor(float)", 1)]:
            raise BundleError(f"The {name} model gives {outputs} instead of one score for each row.", REBUILD)


def _open(model: bytes, name: str) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = FATAL
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises a dozen unrelated classes here
        raise BundleError(f"The compiled {name} model cannot be run: {error}.", REBUILD) from error
