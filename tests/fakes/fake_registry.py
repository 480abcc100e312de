"""A model registry in memory, with the rules of the port."""

import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Literal

from understudy.bundle import Bundle
from understudy.errors import RegistryError
from understudy.records import Approval, Verdict, Version


class FakeRegistry:
    """Implements ``understudy.ports.ModelRegistry``; ``changes`` lists what was done to it."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, int], Version] = {}
        self.changes: list[str] = []
        self.store = Path(tempfile.mkdtemp())
        weakref.finalize(self, shutil.rmtree, self.store, ignore_errors=True)

    def problems(self) -> tuple[str, ...]:
        return tuple(sorted({problem for problem, _ in self.kept}))

    def versions(self, problem: str) -> tuple[Version, ...]:
        return tuple(self.kept[key] for key in sorted(self.kept, reverse=True) if key[0] == problem)

    def version(self, problem: str, number: int) -> Version:
        if (problem, number) not in self.kept:
            raise RegistryError(f"There is no version {number} of {problem}.", "Ask for one that exists.")
        return self.kept[problem, number]

    def champion(self, problem: str) -> Version | None:
        return next((v for v in self.versions(problem) if v.champion), None)

    def find(self, bundle: Bundle) -> Version | None:
        return next((v for v in self.versions(bundle.manifest.problem) if v.digest == bundle.digest), None)

    def register(self, bundle: Bundle, verdict: Verdict) -> Version:
        manifest = bundle.manifest
        if known := self.find(bundle):
            return known
        number = len(self.versions(manifest.problem)) + 1
        version = Version(
            problem=manifest.problem,
            number=number,
            digest=bundle.digest,
            stage="development",
            approval=Approval(),
            verdict=verdict,
            lineage=manifest.lineage,
            metrics={},
        )
        shutil.copytree(bundle.folder, self.store / f"{manifest.problem}-{number}")
        self._keep(version, "register")
        return version

    def decide(self, problem: str, number: int, state: Literal["approved", "rejected"], by: str, why: str) -> Version:
        version = self.version(problem, number)
        if version.champion and state == "rejected":
            raise RegistryError(f"Version {number} of {problem} is the champion.", "Promote another first.")
        stage = version.stage if version.champion else "staging" if state == "approved" else "archived"
        approval = Approval(state=state, by=by, why=why)
        return self._keep(version.model_copy(update={"stage": stage, "approval": approval}), state)

    def promote(self, problem: str, number: int) -> Version:
        version = self.version(problem, number)
        if version.approval.state != "approved":
            raise RegistryError(f"Version {number} of {problem} is {version.approval.state}.", "Approve it first.")
        for other in self.versions(problem):
            if other.number != number:
                aliases = ("previous",) if other.champion else ()
                stage = "archived" if other.champion else other.stage
                self.kept[problem, other.number] = other.model_copy(update={"aliases": aliases, "stage": stage})
        return self._keep(version.model_copy(update={"stage": "production", "aliases": ("champion",)}), "promote")

    def point(self, problem: str, alias: Literal["challenger", "previous"], number: int | None) -> None:
        if number is not None:
            self.version(problem, number)
        for version in self.versions(problem):
            kept = {*version.aliases} - {alias} | ({alias} if version.number == number else set())
            self.kept[problem, version.number] = version.model_copy(update={"aliases": tuple(sorted(kept))})

    def fetch(self, problem: str, number: int, into: Path) -> Path:
        return Path(shutil.copytree(self.store / f"{problem}-{number}", into))

    def _keep(self, version: Version, change: str) -> Version:
        self.kept[version.problem, version.number] = version
        self.changes.append(change)
        return version
