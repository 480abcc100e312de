"""From a judged bundle to a registered version, and to champion where the gate may decide alone."""

from dataclasses import dataclass
from pathlib import Path

from pipelines.job import Job
from understudy.bundle import Bundle
from understudy.ports import ModelRegistry
from understudy.records import GATE, Decision, GateCheck, Verdict, Version


@dataclass(frozen=True)
class Registration:
    """What became of a bundle."""

    version: Version
    decision: Decision
    champion: bool
    gates: tuple[GateCheck, ...]
    bundle: Path
    report: Path


def register(job: Job, verdict: Verdict, registry: ModelRegistry, deployed: bool = False) -> Registration:
    """Register the bundle on disk with its verdict and settle its approval; the same again changes nothing.

    Each step can be repeated, so a kill between any two is mended by the next call.

    Args:
        deployed: whether the problem is being served. Then the deployment log says who is champion, and a version
            that is approved waits to be deployed.

    Raises:
        BundleError: the bundle is not the one that was judged.
        RegistryError: the registry cannot be reached; the bundle stays on disk.
    """
    folder = job.folder("bundle")
    version = registry.register(Bundle.load(folder), verdict)
    version = _settle(version, registry, automatic=_may_decide_alone(job, registry), deployed=deployed)
    return Registration(
        version=version,
        decision=version.verdict.decision,
        champion=version.champion,
        gates=version.verdict.checks,
        bundle=folder,
        report=folder / "report.html",
    )


def approve(registry: ModelRegistry, problem: str, number: int, by: str, why: str, deployed: bool = False) -> Version:
    """Approve a version, and make it champion where nothing is deployed: see ``register``."""
    version = registry.decide(problem, number, "approved", by, why)
    return version if deployed else registry.promote(problem, number)


def reject(registry: ModelRegistry, problem: str, number: int, by: str, why: str) -> Version:
    """Reject a version: it will never be champion unless someone approves it later."""
    return registry.decide(problem, number, "rejected", by, why)


def _may_decide_alone(job: Job, registry: ModelRegistry) -> bool:
    """Whether a pass needs no person. A quick look may fill an empty throne, but takes nobody's."""
    if job.settings.approval != "automatic":
        return False
    return job.profile == "full" or registry.champion(job.spec.name) is None


def _settle(version: Version, registry: ModelRegistry, automatic: bool, deployed: bool) -> Version:
    problem, number, verdict = version.problem, version.number, version.verdict
    if version.approval.state == "pending" and verdict.decision == "rejected":
        names = ", ".join(check.name for check in verdict.failed)
        version = registry.decide(problem, number, "rejected", GATE, f"Failed: {names}.")
    elif version.approval.state == "pending" and automatic and _is_current(verdict, problem, registry):
        version = registry.decide(problem, number, "approved", GATE, "Passed every check.")
    if version.approval.state == "approved" and version.stage == "staging" and not deployed:
        version = registry.promote(problem, number)
    return version


def _is_current(verdict: Verdict, problem: str, registry: ModelRegistry) -> bool:
    """Whether the champion is still the one that the bundle was compared with."""
    champion = registry.champion(problem)
    return (champion.number if champion else None) == verdict.champion
