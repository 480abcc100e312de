"""Keeping fitted models as skops files, which are read without running code that they bring along."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import skops.io as sio
from skops.io.exceptions import UntrustedTypesFoundException

from understudy.errors import BundleError

TRUSTED = (
    "catboost.core.CatBoostClassifier",
    "collections.OrderedDict",
    "lightgbm.basic.Booster",
    "lightgbm.sklearn.LGBMClassifier",
    "pipelines.models.baselines.HistoricalRate",
    "pipelines.models.calibration.Calibrated",
    "pipelines.models.hashing.HashingEncoder",
    "pipelines.models.imputation.MedianImputer",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.model_selection._split.StratifiedKFold",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.tree._tree.Tree",
    "xgboost.core.Booster",
    "xgboost.sklearn.XGBClassifier",
)
"""Types beyond skops' own list that a candidate's model may hold."""


def save_model(model: Any, path: Path) -> Path:
    """Write a fitted model, or a dict of them; equal models make equal bytes."""
    path.write_bytes(without_addresses(sio.dumps(model)))
    return path


def load_model(path: Path) -> Any:
    """Read what ``save_model`` wrote.

    Raises:
        BundleError: the file is damaged, or holds a type that is not trusted.
    """
    try:
        return sio.load(path, trusted=list(TRUSTED))
    except UntrustedTypesFoundException as error:
        raise BundleError(f"{path.name} holds types that are not trusted: {error}.", "Do not use this file.") from error
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise BundleError(f"{path.name} cannot be read: {error}.", "Run train again.") from error


def without_addresses(content: bytes) -> bytes:
    """The same skops file without what differs from one process to the next.

    skops names each object by its memory address and stamps its files with the time. Here objects are numbered as they
    appear; plain values each get a number of their own, since two of them may or may not share an address.
    """
    source = zipfile.ZipFile(io.BytesIO(content))
    schema = json.loads(source.read("schema.json"))
    files = _Renumbering().visit(schema)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for new, old in files.items():
            archive.writestr(zipfile.ZipInfo(new), source.read(old), zipfile.ZIP_DEFLATED)
        archive.writestr(zipfile.ZipInfo("schema.json"), json.dumps(schema), zipfile.ZIP_DEFLATED)
    return target.getvalue()


class _Renumbering:
    """Renames objects and their files in a skops schema, in place."""

    def __init__(self) -> None:
        self._objects: dict[int, int] = {}
        self._count = 0
        self._files: dict[str, str] = {}

    def visit(self, node: Any) -> dict[str, str]:
        """Renumber all below a node and return the files so far: old name by new name."""
        if isinstance(node, dict):
            self._rename(node)
        for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            self.visit(child)
        return self._files

    def _rename(self, node: dict[str, Any]) -> None:
        if isinstance(node.get("__id__"), int):
            self._count += 1
            address = node["__id__"]
            node["__id__"] = self._count if node.get("is_json") else self._objects.setdefault(address, self._count)
        if isinstance(node.get("file"), str):
            new = f"{node['__id__']}.{node['file'].rpartition('.')[2]}"
            self._files[new] = node["file"]
            node["file"] = new
