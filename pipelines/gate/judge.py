"""Judging the bundle on disk: gather the evidence, run every check, decide."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from pipelines.gate import checks
from pipelines.gate.evidence import Evidence, read_evidence
from pipelines.gate.latency import row_milliseconds
from pipelines.job import Job
from understudy.bundle import Bundle
from understudy.errors import BundleError
from understudy.ports import ModelRegistry
from understudy.problem.decision import Gates
from understudy.records import GateCheck, Verdict, Version

MEGABYTE = 1e6
Thresholds = Callable[[Version], float | None]


def judge(job: Job, registry: ModelRegistry, threshold_of: Thresholds = lambda _: None) -> Verdict:
    """Decide whether the bundle may be used, and whether it is fit to follow the champion.

    A bundle that is registered already keeps the verdict it was given.

    Args:
        threshold_of: what a version decides at where that is not its bundle's threshold, else None.

    Raises:
        BundleError: the bundle is damaged.
        RegistryError: the registry cannot be reached.
    """
    bundle = Bundle.load(job.folder("bundle"))
    known = registry.find(bundle)
    if known is not None:
        return known.verdict
    champion = registry.champion(job.spec.name)
    job.progress(0.2, "comparing with baselines and champion")
    against = partial(_against_champion, champion=champion, registry=registry, threshold_of=threshold_of)
    rows = tuple(_all_checks(read_evidence(job), bundle, against))
    job.progress(1.0, "judged")
    failed = any(check.verdict == "fail" for check in rows)
    return Verdict(
        digest=bundle.digest,
        decision="rejected" if failed else "accepted",
        checks=rows,
        champion=champion.number if champion else None,
    )


def _all_checks(
    evidence: Evidence, bundle: Bundle, against_champion: Callable[[Evidence], Iterator[GateCheck]]
) -> Iterator[GateCheck]:
    gates: Gates = evidence.spec.gates
    yield from checks.floors(evidence.metrics, gates)
    yield checks.calibration(evidence.y, evidence.score, gates.calibration_error, evidence.spec.seed)
    yield checks.overfitting(evidence.metrics, gates.train_validation_gap)
    yield from checks.baselines(evidence, gates.beats_baselines)
    yield from checks.probabilities(evidence)
    yield from against_champion(evidence)
    yield checks.weakest_segment(evidence.metrics, gates.segment_roc_auc)
    yield from checks.fairness(evidence.metrics, gates.fairness_gap)
    yield checks.at_most("bundle_megabytes", bundle.size / MEGABYTE, gates.bundle_megabytes, "MB")
    yield checks.at_most("row_milliseconds", row_milliseconds(bundle), gates.row_milliseconds, "ms, median of one row")


def _against_champion(
    evidence: Evidence, champion: Version | None, registry: ModelRegistry, threshold_of: Thresholds
) -> Iterator[GateCheck]:
    """The champion scores the very rows that the new version was tested on, whatever rows it was tested on itself."""
    gates = evidence.spec.gates
    if champion is None:
        yield checks.skipped("not_worse_than_champion", None, "There is no champion yet.")
        return
    with TemporaryDirectory() as folder:
        theirs = Bundle.load(registry.fetch(champion.problem, champion.number, Path(folder) / "champion"))
        try:
            score = theirs.score_columns(evidence.columns(theirs.manifest.inputs))
        except BundleError as error:
            yield checks.incomparable(champion.number, error)
            return
    threshold = threshold_of(champion)
    flagged = score >= (theirs.manifest.threshold if threshold is None else threshold)
    yield checks.champion(evidence, flagged, champion.number, gates.worse_than_champion)
    if gates.better_than_champion:
        yield from checks.gain(evidence, score, flagged, champion.number)
