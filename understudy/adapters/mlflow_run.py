"""One MLflow run for each registration: parameters, metrics, evidence, and the bundle as a loadable model."""

import json
import warnings
from collections.abc import Iterator
from importlib.metadata import version as installed
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from typing import Any

from understudy.adapters.mlflow_store import MlflowStore
from understudy.adapters.mlflow_tags import parameters, run_tags
from understudy.bundle import Bundle, Manifest
from understudy.errors import RegistryError
from understudy.records import Verdict

MODEL_CODE = Path(__file__).with_name("mlflow_model.py")
BUNDLE = "bundle"
EVIDENCE = ("report.html", "card.md", "metrics.json", "manifest.json")
NEEDS = ("numpy", "pandas", "pydantic", "pydantic-settings", "pyyaml", "onnxruntime")


def log_run(client: Any, bundle: Bundle, verdict: Verdict, store: MlflowStore) -> tuple[str, Any]:
    """Write the run and the model of a bundle that has no version yet.

    Returns:
        The run's id and MLflow's description of the logged model.
    """
    manifest = bundle.manifest
    experiment = _experiment(client, manifest.problem, store)
    _drop_leftovers(client, experiment, manifest.digest)
    name = f"{manifest.candidate} {manifest.digest[:8]}"
    run = client.create_run(experiment, run_name=name, tags=run_tags(manifest, verdict)).info.run_id
    _log_figures(client, run, manifest)
    client.log_text(run, json.dumps(verdict.model_dump(mode="json"), indent=2), "gates.json")
    with TemporaryDirectory() as aside:
        copy = _snapshot(bundle, Path(aside) / BUNDLE)
        for file in EVIDENCE:
            client.log_artifact(run, str(copy / file))
        model = _log_model(run, manifest, copy)
    client.set_terminated(run)
    return run, model


def _snapshot(bundle: Bundle, copy: Path) -> Path:
    """A verified copy: the folder itself may be replaced by another run meanwhile."""
    copytree(bundle.folder, copy)
    if Bundle.load(copy).digest != bundle.digest:
        raise RegistryError(f"The bundle at {bundle.folder} has just been replaced.", "Judge and register the new one.")
    return copy


def _experiment(client: Any, problem: str, store: MlflowStore) -> str:
    known = client.get_experiment_by_name(problem)
    if known is None:
        return str(client.create_experiment(problem, artifact_location=store.artifacts(problem)))
    if known.lifecycle_stage == "deleted":
        client.restore_experiment(known.experiment_id)
    return str(known.experiment_id)


def _drop_leftovers(client: Any, experiment: str, digest: str) -> None:
    """Runs of this digest are from attempts that were cut short: had one been finished, there were a version."""
    for run in client.search_runs([experiment], filter_string=f"tags.digest = '{digest}'"):
        client.set_terminated(run.info.run_id, "KILLED")
        client.delete_run(run.info.run_id)


def _log_figures(client: Any, run: str, manifest: Manifest) -> None:
    from mlflow.entities import Metric, Param

    params = [Param(name, value) for name, value in parameters(manifest).items()]
    client.log_batch(run, params=params, metrics=[Metric(*figure, 0, 0) for figure in _figures(manifest)])


def _figures(manifest: Manifest) -> Iterator[tuple[str, float]]:
    for name, figure in manifest.metrics.test.items():
        ends = {"": figure.value, ".low": figure.low, ".high": figure.high}
        yield from ((f"test.{name}{end}", value) for end, value in ends.items() if value is not None)
    for part, figures in (("validation", manifest.metrics.validation), ("train", manifest.metrics.train)):
        yield from ((f"{part}.{name}", value) for name, value in figures.items() if value is not None)


def _log_model(run: str, manifest: Manifest, folder: Path) -> Any:
    import mlflow
    import pandas as pd
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    inputs, example = manifest.inputs, manifest.example
    row = {
        **{name: [value] for name, value in zip(inputs.number_names, example.numbers, strict=True)},
        **{name: [value] for name, value in zip(inputs.category_names, example.categories, strict=True)},
    }
    frame = pd.DataFrame(row).astype(dict.fromkeys(inputs.number_names, "float64"))
    kinds = dict.fromkeys(inputs.number_names, "double") | dict.fromkeys(inputs.category_names, "string")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # advice to whoever writes the model's code, repeated at each registration
        with mlflow.start_run(run_id=run):
            return mlflow.pyfunc.log_model(
                name="model",
                python_model=str(MODEL_CODE),
                artifacts={BUNDLE: str(folder)},
                signature=ModelSignature(
                    Schema([ColSpec(kind, name) for name, kind in kinds.items()]), Schema([ColSpec("float", "score")])
                ),
                input_example=frame,
                pip_requirements=[f"{name}=={installed(name)}" for name in NEEDS],
            )
