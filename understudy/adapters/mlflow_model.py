"""The bundle as MLflow's tools load it: ``mlflow.pyfunc.load_model("models:/<problem>@champion").predict(frame)``.

MLflow runs this file when it loads a version ("models from code"), so nothing is unpickled. It needs
Understudy's foundation, numpy, pydantic and onnxruntime.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel
from numpy.typing import NDArray

from understudy.bundle import Bundle


class BundleModel(PythonModel):
    """Scores frames by a verified bundle."""

    def load_context(self, context: Any) -> None:
        self.bundle = Bundle.load(Path(context.artifacts["bundle"]))

    def predict(
        self,
        context: Any,  # noqa: ARG002
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> NDArray[np.float32]:
        """Probability of the positive class for each row; columns in any order, None and NaN for missing values."""
        return self.bundle.score_columns({str(name): model_input[name].tolist() for name in model_input.columns})


set_model(BundleModel())
