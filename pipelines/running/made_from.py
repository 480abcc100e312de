"""What the results of a fast run or a retraining were made from: their stages are not in DVC's graph."""

from pathlib import Path
from typing import Any

from pipelines.job import Job
from pipelines.running.dag import Dag
from understudy.bundle import Bundle
from understudy.errors import BundleError
from understudy.files import read_json, sha256_file, sha256_json, write_json


class MadeFrom:
    """The record beside such a run's folders: code, data, settings and lock of the environment, each by its hash."""

    def __init__(self, job: Job, dag: Dag) -> None:
        self._job, self._dag = job, dag
        self._path = job.folder("bundle").parent / "made_from.json"
        self._inputs: dict[str, Any] = {}
        self._stands: bool | None = None

    def stands(self) -> bool:
        """Whether the results are whole and from just what is there now; asked once the shared stages are settled.

        When they are not, the record goes before the first of them is replaced: a kill then leaves none.
        """
        if self._stands is None:
            self._inputs = self._gather()
            self._stands = self._recorded() == self._inputs and self._is_whole()
            if not self._stands:
                self._path.unlink(missing_ok=True)
        return self._stands

    def remember(self) -> None:
        """Record, after the last stage, what there was before the first: an edit in between is a change."""
        write_json(self._path, self._inputs)

    def _gather(self) -> dict[str, Any]:
        # Bundling takes seconds to import, which ordinary runs need not pay.
        from pipelines.bundle.lineage import environment_lock

        root: Path = self._job.settings.root
        own = [node for node in self._dag.nodes if self._job.is_apart(node.name)]
        made_here = frozenset(f"data/{self._job.spec.name}/{node.name}" for node in own)
        lock = root / environment_lock()
        return {
            "stages": {node.name: sha256_json(self._dag.fingerprint(node, made_here)) for node in own},
            "config": sha256_json(self._job.spec.model_dump(mode="json")),
            "lock": sha256_file(lock) if lock.is_file() else "",
        }

    def _recorded(self) -> Any:
        try:
            return read_json(self._path)
        except (OSError, ValueError):
            return None

    def _is_whole(self) -> bool:
        try:
            return bool(Bundle.load(self._job.folder("bundle")).digest)
        except (BundleError, OSError):
            return False
