"""A small project with something to serve: bundles in its store, a deployment, and the service over fakes.

The model is that of ``small_bundle``: score = sigmoid(2 size - weight + [town is "north"]).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from fake_deployment_log import FakeDeploymentLog
from fake_feature_store import FakeFeatureStore
from fake_ledger import FakeLedger
from shadow_recorder import Records
from small_bundle import a_bundle, expected_score

from serving.service import Service, assemble
from serving.settings import ServingSettings
from understudy.adapters.bundle_folder import FolderBundles
from understudy.bundle import Bundle
from understudy.bundle.manifest import Example, FeatureCode, RequestField
from understudy.features.code import code_hash
from understudy.problem import ProblemSpec, load_problem
from understudy.records import CHAMPION, Arm, Deployment
from understudy.settings import Settings

PROBLEM = """
name: toy
title: Will the parcel sell?
task: binary
seed: 7
source: {path: problems/toy.csv}
positive: "yes"
main: rows
tables:
  rows:
    columns:
      id: {kind: category, role: id, unique: true, about: number of the parcel}
      asked_at: {kind: time, role: event_time}
      size: {kind: number, unit: m2, low: -1000, high: 1000, nulls: 0.1}
      weight: {kind: number, unit: kg}
      town: {kind: category, categories: [north, south]}
      insured: {kind: flag, role: context, about: whether it is insured}
      answer: {kind: category, role: target}
features: {}
split: {method: stratified}
probes: {}
candidates: [{name: by_hand, estimator: sklearn.linear_model.LogisticRegression, family: linear}]
tuning: {}
training: {}
costs: {}
evaluation: {}
gates: {}
"""
SENT = ("id", "event_time", "feature", "context")
EXAMPLE = {
    "id": "p-1", "asked_at": "2026-03-01T08:15:00", "size": 1.0, "weight": 0.5, "town": "north", "insured": True,
}  # fmt: skip
SCORE = expected_score(1.0, 0.5, "north")


@dataclass(frozen=True)
class Project:
    """Its settings, its spec and its bundles by version."""

    settings: Settings
    spec: ProblemSpec
    bundles: dict[int, Bundle]

    def deployment(self, revision: int = 1, version: int = 1, **changes: Any) -> Deployment:
        """A revision that serves one version."""
        arm = Arm(name=CHAMPION, version=version, digest=self.bundles[version].digest, weight=1.0)
        values = {
            "problem": "toy", "revision": revision, "mode": "single", "arms": (arm,), "change": "deploy", "who": "ada",
            "why": "a test", "at": datetime(2026, 3, 1),
        }  # fmt: skip
        return Deployment(**{**values, **changes})

    def at(self, database: str) -> "Project":
        """The same project, with its operational database elsewhere."""
        return replace(self, settings=self.settings.model_copy(update={"database": database}))


def a_project(folder: Path, versions: int = 1, models: Mapping[int, tuple[bytes, float]] | None = None) -> Project:
    """Write the project; version n differs from version 1 in its threshold alone: 0.4 + (n - 1) / 100.

    Args:
        models: other models for some versions, each with its score of the example.
    """
    problems = folder / "configs" / "problems"
    problems.mkdir(parents=True)
    (folder / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    (problems / "toy.yaml").write_text(PROBLEM, encoding="utf-8")
    spec = load_problem(problems, "toy")
    settings = Settings(root=folder, home=folder / "var", database="", bundles="", registry="")
    store = FolderBundles(Path(settings.bundle_store))
    bundles = {}
    for number in range(1, versions + 1):
        model, score = (models or {}).get(number, (None, SCORE))
        bundles[number] = a_bundle(
            folder / f"bundle-{number}",
            model,
            title=spec.title,
            request=_request(spec),
            example=Example(request=EXAMPLE, numbers=(1.0, 0.5), categories=("north",), score=score),
            features=FeatureCode(functions=None, views=(), code_hash=code_hash(spec, folder)),
            threshold=0.4 + (number - 1) / 100,
        )
        store.publish(bundles[number])
    return Project(settings, spec, bundles)


def a_service(project: Project, *deployments: Deployment, **limits: Any) -> Service:
    """The real parts over stores in memory; start and stop it."""
    serving = ServingSettings(**{"notice": 0.0, **limits})
    log = FakeDeploymentLog(*(deployments or (project.deployment(),)))
    bundles = FolderBundles(Path(project.settings.bundle_store))
    shadows = Records(project.settings.home / "shadows.pickle").program
    return assemble(project.spec, project.settings, serving, FakeLedger(), log, bundles, FakeFeatureStore(), shadows)


def _request(spec: ProblemSpec) -> tuple[RequestField, ...]:
    shared = set(RequestField.model_fields) - {"name"}
    return tuple(
        RequestField(name=name, **column.model_dump(include=shared))
        for name, column in spec.columns.items()
        if column.role in SENT
    )
