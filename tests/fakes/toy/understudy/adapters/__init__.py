"""A registry in one JSON file."""

import os
import shutil
from pathlib import Path
from typing import Any

from understudy.bundle import Bundle
from understudy.errors import RegistryError
from understudy.files import read_json, write_json
from understudy.records import Approval, Lineage, Verdict, Version
from understudy.settings import Settings

LINEAGE = Lineage(data_hash="d", config_hash="c", lock_hash="", study="s")


class JsonRegistry:
    def __init__(self, settings: Settings) -> None:
        self._path = settings.home / "mlflow" / "registry.json"

    def problems(self) -> tuple[str, ...]:
        return tuple(sorted({version.problem for version in self._all()}))

    def versions(self, problem: str) -> tuple[Version, ...]:
        return tuple(v for v in reversed(self._all()) if v.problem == problem)

    def version(self, problem: str, number: int) -> Version:
        for version in self.versions(problem):
            if version.number == number:
                return version
        raise RegistryError(f"There is no version {problem}/{number}.", "See `understudy models`.")

    def champion(self, problem: str) -> Version | None:
        return next((v for v in self.versions(problem) if v.champion), None)

    def find(self, bundle: Bundle) -> Version | None:
        return next((v for v in self.versions(_problem(bundle.folder)) if v.digest == bundle.digest), None)

    def register(self, bundle: Bundle, verdict: Verdict) -> Version:
        problem = _problem(bundle.folder)
        if known := self.find(bundle):
            return known
        version = Version(
            problem=problem,
            number=len(self.versions(problem)) + 1,
            digest=bundle.digest,
            stage="development",
            approval=Approval(),
            verdict=verdict,
            lineage=LINEAGE,
            metrics={"roc_auc": 0.5},
        )
        self._save([*self._all(), version])
        shutil.copytree(bundle.folder, self._path.parent / problem / str(version.number))
        return version

    def fetch(self, problem: str, number: int, into: Path) -> Path:
        return Path(shutil.copytree(self._path.parent / problem / str(number), into))

    def decide(self, problem: str, number: int, state: Any, by: str, why: str) -> Version:
        stage = "staging" if state == "approved" else "archived"
        return self._change(problem, number, stage=stage, approval=Approval(state=state, by=by, why=why))

    def promote(self, problem: str, number: int) -> Version:
        for version in self.versions(problem):
            if version.champion:
                self._change(problem, version.number, aliases=("previous",), stage="archived")
        return self._change(problem, number, aliases=("champion",), stage="production")

    def _change(self, problem: str, number: int, **update: Any) -> Version:
        changed = self.version(problem, number).model_copy(update=update)
        self._save([changed if (v.problem, v.number) == (problem, number) else v for v in self._all()])
        return changed

    def _all(self) -> list[Version]:
        if os.environ.get("TOY_REGISTRY_DOWN"):
            raise RegistryError("The toy registry cannot be reached.", "Unset TOY_REGISTRY_DOWN.")
        return [Version.model_validate(row) for row in read_json(self._path)] if self._path.exists() else []

    def _save(self, versions: list[Version]) -> None:
        write_json(self._path, [version.model_dump(mode="json") for version in versions])


def open_registry(settings: Settings) -> JsonRegistry:
    return JsonRegistry(settings)


def _problem(folder: Path) -> str:
    return folder.parent.name


class NothingDeployed:
    def newest(self, problem: str) -> None:
        return None


def open_deployment_log(settings: Settings) -> NothingDeployed:
    return NothingDeployed()
