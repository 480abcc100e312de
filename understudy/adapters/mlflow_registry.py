"""The model registry on MLflow: one run and one model version for each bundle.

A version is created last and with all its tags at once, so it exists whole or not at all; a run without a
version is what a kill left, and goes at the next attempt. Writers on one machine take turns by a lock in
``home``. Two machines that share a store and register one digest at the same moment both look again
afterwards, and the later version is withdrawn.
"""

from functools import cached_property
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from typing import Any, Literal

from understudy.adapters.mlflow_run import BUNDLE, log_run
from understudy.adapters.mlflow_store import MlflowStore
from understudy.adapters.mlflow_tags import approval_tags, read_version, stage_tag, version_tags
from understudy.bundle import Bundle, Manifest
from understudy.errors import RegistryError
from understudy.records import Approval, Stage, Verdict, Version
from understudy.settings import Settings

CHAMPION, PREVIOUS = "champion", "previous"


class MlflowRegistry:
    """Implements ``understudy.ports.ModelRegistry``; nothing is contacted before the first question."""

    def __init__(self, settings: Settings) -> None:
        self._store = MlflowStore(settings)

    @cached_property
    def _client(self) -> Any:
        return self._store.client()

    def problems(self) -> tuple[str, ...]:
        if self._store.absent:
            return ()
        with self._store.reaching():
            models = _all_pages(self._client.search_registered_models)
        return tuple(sorted(name for model in models if self.versions(name := model.name)))

    def versions(self, problem: str) -> tuple[Version, ...]:
        return self._read(problem, f"name = '{_quotable(problem)}'")

    def version(self, problem: str, number: int) -> Version:
        found = next((v for v in self.versions(problem) if v.number == number), None)
        if found is None:
            numbers = ", ".join(str(v.number) for v in self.versions(problem)) or "none"
            raise RegistryError(
                f"There is no version {number} of {problem}.",
                f"Its versions: {numbers}. `understudy models` lists all.",
            )
        return found

    def champion(self, problem: str) -> Version | None:
        return next((v for v in self.versions(problem) if v.champion), None)

    def find(self, bundle: Bundle) -> Version | None:
        with self._store.keeping(bundle.manifest):
            return self._holding(bundle.manifest)

    def register(self, bundle: Bundle, verdict: Verdict) -> Version:
        manifest = bundle.manifest
        if verdict.digest != manifest.digest:
            raise RegistryError(
                f"The verdict on {manifest.problem} is about another bundle.", "Judge this bundle first."
            )
        with self._store.keeping(manifest):
            if known := self._holding(manifest):
                return known
            self._write(bundle, verdict)
            return self._present(manifest)

    def decide(self, problem: str, number: int, state: Literal["approved", "rejected"], by: str, why: str) -> Version:
        with self._store.reaching(), self._store.lock("write"):
            version = self.version(problem, number)
            if version.champion and state == "rejected":
                raise RegistryError(
                    f"Version {number} of {problem} is the champion.", "Approve another version first; then reject it."
                )
            if not version.champion:
                self._set(version, stage_tag("staging" if state == "approved" else "archived"))
            self._set(version, approval_tags(Approval(state=state, by=by, why=why)))
        return self.version(problem, number)

    def promote(self, problem: str, number: int) -> Version:
        with self._store.reaching(), self._store.lock("write"):
            version, champion = self.version(problem, number), self.champion(problem)
            if version.approval.state != "approved":
                raise RegistryError(
                    f"Version {number} of {problem} is {version.approval.state}.",
                    f"`understudy approve {problem}/{number} --why REASON` approves it.",
                )
            if champion is not None and champion.number != number:
                self._client.set_registered_model_alias(problem, PREVIOUS, str(champion.number))
            self._client.set_registered_model_alias(problem, CHAMPION, str(number))
            self._restage(problem)
        return self.version(problem, number)

    def point(self, problem: str, alias: Literal["challenger", "previous"], number: int | None) -> None:
        with self._store.reaching(), self._store.lock("write"):
            standing = next((v.number for v in self.versions(problem) if alias in v.aliases), None)
            if number is None and standing is not None:
                self._client.delete_registered_model_alias(problem, alias)
            elif number is not None and number != standing:
                self._client.set_registered_model_alias(problem, alias, str(self.version(problem, number).number))

    def fetch(self, problem: str, number: int, into: Path) -> Path:
        version = self.version(problem, number)
        with self._store.reaching(), self._store.current(), TemporaryDirectory() as aside:
            from mlflow.artifacts import download_artifacts

            model = Path(download_artifacts(f"models:/{problem}/{number}", dst_path=aside))
            copytree(model / "artifacts" / BUNDLE, into)
        if Bundle.load(into).manifest.digest != version.digest:
            raise RegistryError(
                f"The stored bundle of {problem} version {number} is not the one that was registered.",
                "Do not use it; promote another version.",
            )
        return into

    def _read(self, problem: str, query: str) -> tuple[Version, ...]:
        if self._store.absent:
            return ()
        client = self._client
        with self._store.reaching():
            found = _all_pages(client.search_model_versions, filter_string=query)
            aliases = _aliases(client, problem) if found else {}
            mine = [one for one in found if "digest" in one.tags and "gates" in one.tags]
            read = [
                read_version(one, tuple(sorted(a for a, n in aliases.items() if n == int(one.version)))) for one in mine
            ]
        return tuple(sorted(read, key=lambda version: -version.number))

    def _write(self, bundle: Bundle, verdict: Verdict) -> None:
        manifest, client = bundle.manifest, self._client
        with self._store.reaching(), self._store.lock("write"), self._store.current():
            if self._holding(manifest):
                return
            run, model = log_run(client, bundle, verdict, self._store)
            _ensure_model(client, manifest.problem)
            made = client.create_model_version(
                manifest.problem, model.model_uri, run, tags=version_tags(manifest, verdict), model_id=model.model_id
            )
            first = self._holding(manifest)
            if first is not None and first.number < int(made.version):
                client.delete_model_version(manifest.problem, made.version)
                client.delete_run(run)

    def _holding(self, manifest: Manifest) -> Version | None:
        query = f"name = '{_quotable(manifest.problem)}' and tags.digest = '{_quotable(manifest.digest)}'"
        return min(self._read(manifest.problem, query), key=lambda version: version.number, default=None)

    def _present(self, manifest: Manifest) -> Version:
        version = self._holding(manifest)
        if version is None:
            raise RegistryError(f"The new version of {manifest.problem} was deleted by someone.", "Register it again.")
        return version

    def _restage(self, problem: str) -> None:
        """Bring the stages in line with the alias; also after a kill between the two."""
        for version in self.versions(problem):
            stage: Stage = "production" if version.champion else "archived"
            if stage != version.stage and "production" in (stage, version.stage):
                self._set(version, stage_tag(stage))

    def _set(self, version: Version, tags: dict[str, str]) -> None:
        for name, value in tags.items():
            self._client.set_model_version_tag(version.problem, str(version.number), name, value)


def _aliases(client: Any, problem: str) -> dict[str, int]:
    return {alias: int(number) for alias, number in client.get_registered_model(problem).aliases.items()}


def _ensure_model(client: Any, problem: str) -> None:
    if not client.search_registered_models(filter_string=f"name = '{problem}'"):
        client.create_registered_model(problem)


def _all_pages(search: Any, **given: Any) -> list[Any]:
    found, token = [], None
    while True:
        page = search(**given, page_token=token)
        found += list(page)
        token = page.token
        if not token:
            return found


def _quotable(text: str) -> str:
    if "'" in text:
        raise RegistryError(f"{text!r} cannot be a name.", "`understudy problems` lists the names.")
    return text
