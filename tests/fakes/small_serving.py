"""A problem that the small bundle answers, lineups of such bundles, and a writer that keeps what it is given."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from shadow_recorder import Records
from small_bundle import write_small_bundle

from serving.features import FeatureCache
from serving.lineup import Lineup
from serving.model import LoadedModel
from serving.predictor import Predictor
from serving.settings import ServingSettings
from serving.shadow import Shadows
from understudy.bundle import Bundle
from understudy.bundle.manifest import FeatureCode, Reference, RequestField
from understudy.features.code import code_hash
from understudy.problem import ProblemSpec, parse_problem
from understudy.records import Arm, Deployment, Prediction, Shadow

YAML = """
name: toy
title: Sold?
task: binary
seed: 1
positive: null
main: houses
source: {path: houses.csv}
tables:
  houses:
    columns:
      id: {kind: category, role: id}
      owner: {kind: category, role: unit}
      size: {kind: number, unit: m2, low: -5000, high: 5000}
      weight: {kind: number, unit: kg}
      town: {kind: category, categories: [north, south]}
      sold: {kind: flag, role: target}
features: {}
split: {method: stratified}
candidates: [{name: tree, estimator: sklearn.tree.DecisionTreeClassifier, family: tree}]
probes: {}
tuning: {}
training: {}
costs: {}
evaluation: {}
gates: {}
"""
SPEC: ProblemSpec = parse_problem(YAML, Path("toy.yaml"))
CODE = code_hash(SPEC, Path())
NOON = datetime(2026, 11, 22, 12)
SENT = ("id", "unit", "feature")
REFERENCE = Reference(
    known={"town": ("north", "south")},
    numbers=((0.0, 0.0), (1.0, None), (-1.0, 2.0), (0.5, -1.0)),
    categories=(("north",), ("south",), ("south",), ("",)),
)


def a_row(**changes: Any) -> dict[str, Any]:
    """A request's row, complete."""
    return {"id": "h1", "owner": "ann", "size": 1.0, "weight": 0.5, "town": "north", **changes}


def a_model(folder: Path, version: int = 1, model: bytes | None = None, **changes: Any) -> LoadedModel:
    """A small bundle of the problem, loaded; its version sets it apart from others."""
    request = tuple(
        RequestField(name=name, **column.model_dump(include=set(RequestField.model_fields) - {"name"}))
        for name, column in SPEC.columns.items()
        if column.role in SENT
    )
    values = {
        "features": FeatureCode(functions=None, views=(), code_hash=CODE),
        "request": request,
        "reference": REFERENCE,
        "unit": "owner",
        "parameters": {"version": version},
        **changes,
    }
    written = write_small_bundle(folder / f"v{version}", model, **values)
    return LoadedModel.load(written, version, Bundle.load(written).digest, CODE)


def a_lineup(
    *arms: LoadedModel,
    weights: tuple[float, ...] = (1.0,),
    shadows: tuple[LoadedModel, ...] = (),
    mode: str = "",
    **changes: Any,
) -> Lineup:
    """A deployment of the models: the champion first."""
    names = ["champion", "challenger", "third"]
    deployment = Deployment(
        problem="toy",
        revision=changes.pop("revision", 1),
        mode=mode or ("single" if len(arms) == 1 else "ab"),  # type: ignore[arg-type]
        arms=tuple(
            Arm(name=name, version=model.version, digest=model.digest, weight=weight)
            for name, model, weight in zip(names, arms, weights, strict=False)
        ),
        shadows=tuple(Shadow(name=f"shadow{m.version}", version=m.version, digest=m.digest) for m in shadows),
        change="deploy",
        who="ann",
        why="a test",
        at=NOON,
        **changes,
    )
    return Lineup(deployment, {model.digest: model for model in (*arms, *shadows)})


class FakeWriter:
    """Keeps predictions; ``failing`` is raised while it is set; a write takes ``delay`` seconds."""

    def __init__(self, delay: float = 0.0) -> None:
        self.kept: list[Prediction] = []
        self.groups: list[int] = []
        self.failing: Exception | None = None
        self.delay = delay

    async def write(self, predictions: list[Prediction]) -> None:
        await asyncio.sleep(self.delay)
        if self.failing:
            raise self.failing
        self.kept += predictions
        self.groups.append(len(predictions))

    def of(self, standing: str) -> list[Prediction]:
        return [prediction for prediction in self.kept if prediction.standing == standing]


@contextmanager
def a_predictor(
    lineup: Lineup | None = None, writer: FakeWriter | None = None, records: Records | None = None, **said: Any
) -> Iterator[Predictor]:
    """A predictor; its lineup is taken at once where there are no shadows (those need a running loop).

    Args:
        records: where its shadows store what they say.
    """
    # Tests share the machine with other tests, which would leave work that stands back no time at all.
    settings = ServingSettings(**{"shadow_nice": 10, **said})
    writer = writer or FakeWriter()
    shadows = Shadows((records or Records(Path(os.devnull))).program, settings)
    predictor = Predictor(SPEC, Path(), writer, FeatureCache(SPEC), shadows, settings, clock=lambda: NOON)
    if lineup is not None:
        predictor.lineup = lineup
    yield predictor
    predictor.router.close()
