"""Models that answered once and serve no more, fetched again to explain what they answered."""

from collections import OrderedDict
from threading import Lock

from serving.loading import Loader, Models
from serving.model import LoadedModel
from understudy.errors import BundleError
from understudy.ports import DeploymentLog
from understudy.records.deployment import Placed

KEPT = 2
"""Models that are kept for the next question; the one not asked for longest goes first."""


class Recall:
    """Finds the model of an earlier answer by the revision that it was made under. Blocks, so call it in a thread."""

    def __init__(self, log: DeploymentLog, loader: Loader) -> None:
        self._log, self._loader = log, loader
        self._models: OrderedDict[tuple[str, int], LoadedModel] = OrderedDict()
        self._lock = Lock()

    def model(self, problem: str, revision: int, version: int, loaded: Models) -> LoadedModel:
        """
        Args:
            loaded: what serves now. A version counts for the same only with the digest that the revision pins.

        Raises:
            DeploymentError: there is no such revision.
            BundleError: the revision has no such version, or its bundle is gone, damaged or does not run.
            StoreError: a store cannot be reached.
        """
        placed = self._placed(problem, revision, version)
        serving = loaded.get(placed.digest)
        if serving is not None and serving.version == version:
            return serving
        with self._lock:
            name = placed.digest, version
            model = self._models.pop(name, None) or self._loader.recall(placed, problem)
            self._models[name] = model
            while len(self._models) > KEPT:
                self._loader.release(self._models.popitem(last=False)[1])
        return model

    def _placed(self, problem: str, revision: int, version: int) -> Placed:
        deployment = self._log.revision(problem, revision)
        for placed in (*deployment.arms, *deployment.shadows):
            if placed.version == version:
                return placed
        raise BundleError(
            f"Revision {revision} of {problem} has no version {version}, which is said to have answered under it.",
            "Nothing but that version can explain its answers; ask for another prediction.",
        )
