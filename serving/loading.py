"""From a deployment to a lineup: every bundle fetched, proven and warm before anything of it answers."""

import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from serving.lineup import Lineup
from serving.model import LoadedModel
from serving.private_folder import PrivateFolder
from understudy.bundle import Manifest
from understudy.errors import BundleError, StoreError, UnderstudyError
from understudy.ports import BundleStore
from understudy.records import Deployment, Placed

Models = Mapping[str, LoadedModel]
"""By digest."""
Check = Callable[[Manifest, int], None]
FOLDERS = re.compile(r"(?<![\w.])/(?:[^\s/]+/)+")
"""Of a path, all but its name: clients read why a version is refused, and need not know where it lies."""


class Loader:
    """Makes lineups. Blocks while it fetches, so call ``load`` in a thread."""

    def __init__(self, bundles: BundleStore, folder: PrivateFolder, code_hash: str, check: Check) -> None:
        """
        Args:
            code_hash: what the features of a bundle must have been made by.
            check: raises ``BundleError`` for a manifest of other inputs than the server makes.
        """
        self._bundles, self._folder, self._code_hash, self._check = bundles, folder, code_hash, check

    def load(self, deployment: Deployment, have: Models, running: Manifest | None, since: int = 0) -> Lineup:
        """A lineup of the deployment, with what is in ``have`` and what it fetches.

        While the kill switch is on, only the champion has to be sound: nobody is kept from it by a bad challenger.

        Args:
            running: the champion's of today, whose requests the next one must take as well; none at the start.
            since: see ``Lineup.learning_since``.

        Raises:
            BundleError: a bundle is missing, damaged or unfit; the reason says which and why.
            StoreError: the bundle store cannot be reached.
        """
        models = dict(have)
        try:
            self._add(models, deployment, deployment.champion, running)
            requests = models[deployment.champion.digest].manifest
            for placed in (*deployment.arms[1:], *deployment.shadows):
                self._add(models, deployment, placed, requests)
        except UnderstudyError:
            if deployment.killed and _loaded(deployment.champion, models):
                return Lineup(champion_alone(deployment), models, since)
            for digest in models.keys() - have.keys():
                self.release(models[digest])
            raise
        return Lineup(deployment, models, since)

    def recall(self, placed: Placed, problem: str) -> LoadedModel:
        """A model that is to explain, not to answer: it may be of other features and requests than the server's.

        Raises:
            BundleError: it is missing, damaged or of another problem, or does not score its own example.
        """
        return self._fetched(placed, problem, None, answering=False)

    def release(self, model: LoadedModel) -> None:
        """Remove the files of a model that nothing uses any more."""
        shutil.rmtree(model.bundle.folder.parent, ignore_errors=True)

    def _add(
        self, models: dict[str, LoadedModel], deployment: Deployment, placed: Placed, requests: Manifest | None
    ) -> None:
        if not _loaded(placed, models):
            models[placed.digest] = self._fetched(placed, deployment.problem, requests)

    def _fetched(self, placed: Placed, problem: str, requests: Manifest | None, answering: bool = True) -> LoadedModel:
        folder = self._folder.new(placed.digest[:12])
        try:
            fetched = self._bundles.fetch(placed.digest, folder)
            code_hash = self._code_hash if answering else None
            model = LoadedModel.load(fetched, placed.version, placed.digest, code_hash)
            _require_problem(model.manifest, problem, placed)
            if answering:
                self._check(model.manifest, placed.version)
            if requests is not None:
                _require_same_requests(model.manifest, requests, placed)
        except Exception as error:  # also whatever a damaged file makes a library raise
            shutil.rmtree(folder.parent, ignore_errors=True)
            raise _refused(placed, problem, error, folder) from error
        return model


def champion_alone(deployment: Deployment) -> Deployment:
    """The revision as the kill switch leaves it where the other arms are not at hand."""
    arms = (deployment.champion.model_copy(update={"weight": 1.0}),)
    return deployment.model_copy(update={"mode": "single", "arms": arms, "shadows": (), "ramp": None})


def at_hand(deployment: Deployment, have: Models, since: int = 0) -> Lineup | None:
    """A lineup of what is loaded already, or none: a kill or a change of weights waits for no store."""
    placed = (*deployment.arms, *deployment.shadows)
    loaded = [_loaded(one, have) for one in placed]
    if all(loaded):
        return Lineup(deployment, have, since)
    return Lineup(champion_alone(deployment), have, since) if deployment.killed and loaded[0] else None


def _refused(placed: Placed, problem: str, error: Exception, folder: Path) -> BundleError:
    if isinstance(error, StoreError):
        what, fix = "the bundle store cannot be used.", "The server's log says why."
    elif isinstance(error, UnderstudyError):
        what, fix = error.what, error.fix
    else:
        what, fix = f"{type(error).__name__}: {error}", "Deploy another version."
    what = FOLDERS.sub("", what.replace(f" at {folder}", ""))
    return BundleError(f"{problem}/{placed.version} as {placed.name}: {what}", fix)


def _loaded(placed: Placed, models: Models) -> bool:
    return placed.digest in models and models[placed.digest].version == placed.version


def _require_problem(manifest: Manifest, problem: str, placed: Placed) -> None:
    if manifest.problem != problem:
        raise BundleError(
            f"Version {placed.version} is refused: it is a model of {manifest.problem}, not of {problem}.",
            "Deploy a version of this problem.",
        )


def _require_same_requests(manifest: Manifest, other: Manifest, placed: Placed) -> None:
    """Clients send one kind of request, whichever arm answers it, and today's requests still tomorrow."""
    mine, theirs = ({field.name: field.kind for field in one.request} for one in (manifest, other))
    if mine == theirs:
        return
    names = sorted(name for name in {*mine, *theirs} if mine.get(name) != theirs.get(name))
    raise BundleError(
        f"Version {placed.version} is refused: its requests differ from those of the champion that serves in "
        f"{', '.join(names)}.",
        "Tell the clients, deploy it alone, and start the server anew.",
    )
