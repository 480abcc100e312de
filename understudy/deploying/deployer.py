"""Making a change of what serves: the bundle first, then the log, which decides, then the registry's aliases."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from understudy.bundle import Bundle
from understudy.deploying import changes
from understudy.deploying.asked import Placement, Signature
from understudy.deploying.history import require_restorable, target
from understudy.deploying.mirror import mirror
from understudy.deploying.standing import require_live
from understudy.errors import BundleError, ConflictError, DeploymentError, RegistryError
from understudy.ports import BundleStore, DeploymentLog, ModelRegistry
from understudy.records import Deployment, Shadow, Version

Change = Callable[[Deployment | None, Signature], Deployment]
REACH = 1000
"""Revisions back to which a rollback looks by itself."""


def utc_now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


@dataclass(frozen=True)
class Changed:
    """What a change came to."""

    deployment: Deployment
    unmirrored: str = ""
    """Why the registry's aliases do not show it, or empty; the next change mends them."""


class Deployer:
    """Changes what serves. Each change states the revision that it is based on, and loses if another came first.

    A change that was appended is made, whatever becomes of the aliases. Without a registry (as in a server, which
    loads no registry's client) only versions that are known to be approved can be moved about, and aliases wait.

    Every method raises ``DeploymentError`` for a change that cannot be, ``ConflictError`` where another came first
    (it names that revision, who made it and why), and ``StoreError`` where the log cannot be reached.
    """

    def __init__(
        self,
        log: DeploymentLog,
        registry: ModelRegistry | None,
        bundles: BundleStore,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._log, self._registry, self._bundles, self._clock = log, registry, bundles, clock

    def deploy(
        self, version: Version, placement: Placement, who: str, why: str, based_on: int | None = None
    ) -> Changed:
        """Place a version: see ``changes.deploy``. Its bundle is in the store, whole, before the log names it.

        Raises:
            BundleError: the bundle is not what was registered.
            RegistryError: it is not in the store yet, and the registry cannot be reached.
        """

        def change(current: Deployment | None, signature: Signature) -> Deployment:
            following = changes.deploy(current, version, placement, signature)
            self._publish(version.problem, version.number, version.digest)
            return following

        return self._make(version.problem, change, who, why, based_on)

    def promote(
        self, problem: str, who: str, why: str, name: str | None = None, based_on: int | None = None
    ) -> Changed:
        """Make an arm or a shadow the single champion: see ``changes.choose`` and ``changes.promote``."""

        def change(current: Deployment | None, signature: Signature) -> Deployment:
            placed = changes.choose(current, problem, name)
            # An arm was approved when it became one; a shadow need not have been.
            if self._registry or isinstance(placed, Shadow):
                require_live(self._require_registry().version(problem, placed.version))
            return changes.promote(current, problem, placed, signature)

        return self._make(problem, change, who, why, based_on)

    def rollback(self, problem: str, who: str, why: str, to: int | None = None, based_on: int | None = None) -> Changed:
        """Restore a revision: ``to``, else see ``history.target``. What the store has needs no registry."""

        def change(current: Deployment | None, signature: Signature) -> Deployment:
            rejected = self._rejected(problem)
            newest = current.revision if current else 0
            history = [past for past in self._log.history(problem, REACH) if past.revision <= newest]
            if current is None or to is None:
                past = target(history, problem, rejected)
            else:
                past = self._log.revision(problem, to)
            require_restorable(past, rejected)
            following = changes.restore(current or past, past, signature, rejected)
            for placed in (*following.arms, *following.shadows):
                self._publish(problem, placed.version, placed.digest)
            return following

        return self._make(problem, change, who, why, based_on)

    def route(
        self, problem: str, weights: Mapping[str, float], who: str, why: str, based_on: int | None = None
    ) -> Changed:
        """Change the weights, in percent: see ``changes.route``."""
        return self._make(
            problem, lambda current, signed: changes.route(current, problem, weights, signed), who, why, based_on
        )

    def drop(self, problem: str, name: str, who: str, why: str, based_on: int | None = None) -> Changed:
        """Take an arm or a shadow out: see ``changes.drop``."""
        return self._make(
            problem, lambda current, signed: changes.drop(current, problem, name, signed), who, why, based_on
        )

    def kill(self, problem: str, on: bool, who: str, why: str, based_on: int | None = None) -> Changed:
        """Throw the kill switch, or resume: see ``changes.kill``."""
        return self._make(
            problem, lambda current, signed: changes.kill(current, problem, on, signed), who, why, based_on
        )

    def threshold(
        self, problem: str, name: str, value: float | None, who: str, why: str, based_on: int | None = None
    ) -> Changed:
        """Let an arm or a shadow decide at another threshold than its bundle's: see ``changes.threshold``."""
        return self._make(
            problem,
            lambda current, signed: changes.threshold(current, problem, name, value, signed),
            who,
            why,
            based_on,
        )

    def _make(self, problem: str, change: Change, who: str, why: str, based_on: int | None) -> Changed:
        current = self._log.newest(problem)
        if based_on is not None and based_on != (current.revision if current else 0):
            raise _overtaken(problem, based_on, current)
        appended = self._log.append(change(current, Signature(who, why, self._clock())))
        return Changed(appended, mirror(self._log, self._registry, problem))

    def _publish(self, problem: str, number: int, digest: str) -> None:
        """See to it that the store gives out the bundle whole."""
        with TemporaryDirectory(prefix="understudy-") as aside:
            if self._gives_out(digest, Path(aside) / "stored"):
                return
            bundle = Bundle.load(self._require_registry().fetch(problem, number, Path(aside) / "registered"))
            if bundle.digest != digest:
                raise BundleError(
                    f"The bundle of {problem}/{number} is not the one that was to be deployed.",
                    "Deploy another version.",
                )
            self._bundles.publish(bundle)
            if not self._gives_out(digest, Path(aside) / "published"):
                raise BundleError(
                    f"The bundle store holds a damaged copy of {problem}/{number} ({digest[:12]}…).",
                    "Delete that folder of the store and deploy again.",
                )

    def _gives_out(self, digest: str, into: Path) -> bool:
        try:
            return Bundle.load(self._bundles.fetch(digest, into)).digest == digest
        except BundleError:
            return False

    def _rejected(self, problem: str) -> frozenset[int]:
        """Numbers of the rejected versions; a registry out of reach stops no rollback."""
        try:
            versions = self._registry.versions(problem) if self._registry else ()
        except RegistryError:
            return frozenset()
        return frozenset(version.number for version in versions if version.approval.state == "rejected")

    def _require_registry(self) -> ModelRegistry:
        if self._registry is None:
            raise DeploymentError(
                "A server knows no registry, so it cannot say whether the version may serve.",
                "Use the command line where the registry is within reach.",
            )
        return self._registry


def _overtaken(problem: str, based_on: int, winner: Deployment | None) -> ConflictError:
    if winner is None:
        return ConflictError(f"Nothing of {problem} is deployed yet, and the change is based on revision {based_on}.")
    return ConflictError(
        f"The change of {problem} is based on revision {based_on}, and revision {winner.revision} stands: "
        f"{winner.change} by {winner.who}, because: {winner.why}",
        "Look at it with `understudy deployments`, then make the change again if it still makes sense.",
    )
