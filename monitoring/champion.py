"""The champion that a window is judged by: its bundle, its reference rows, its threshold, and since when it serves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from monitoring.window.read import column_of
from understudy.bundle import Bundle, Manifest
from understudy.errors import DeploymentError
from understudy.ports import BundleStore
from understudy.problem import ProblemSpec
from understudy.records import CHAMPION, Deployment
from understudy.records.deployment import Placed

REFERENCE = "reference.parquet"


@dataclass(frozen=True)
class Champion:
    """A version, and what its bundle says of it."""

    placed: Placed
    deployed_at: datetime
    manifest: Manifest
    reference: pa.Table
    """Training rows: inputs, what is watched, score, target, and the event time of dated problems."""

    @property
    def version(self) -> int:
        return self.placed.version

    @property
    def threshold(self) -> float:
        return self.manifest.threshold if self.placed.threshold is None else self.placed.threshold

    def learned_until(self, spec: ProblemSpec) -> datetime | None:
        """Event time of its newest training row."""
        if spec.event_time is None or spec.event_time not in self.reference.column_names:
            return None
        newest: datetime | None = pc.max(self.reference.column(spec.event_time).cast(pa.timestamp("us"))).as_py()
        return newest


def champion_of(history: Sequence[Deployment], answers: pa.Table, bundles: BundleStore, folder: Path) -> Champion:
    """The newest champion; where it answered nothing in the window, the champion that answered most of it.

    Args:
        history: deployments, newest first.
        answers: the window's live answers.
        folder: empty place for the bundle; it may be deleted afterwards.

    Raises:
        DeploymentError: nothing is deployed.
        BundleError: the bundle is not in the store, or is refused.
    """
    if not history:
        raise DeploymentError("Nothing is deployed, so there is no champion to judge.", "`understudy deploy` puts one.")
    version = _judged_version(history, answers)
    mine = [one for one in history if one.champion.version == version]
    bundle = Bundle.load(bundles.fetch(mine[0].champion.digest, folder / "bundle"))
    return Champion(mine[0].champion, mine[-1].at, bundle.manifest, pq.read_table(bundle.folder / REFERENCE))


def _judged_version(history: Sequence[Deployment], answers: pa.Table) -> int:
    newest = history[0].champion.version
    versions = column_of(answers.filter(pc.equal(answers.column("arm"), CHAMPION)), "version")
    if not len(versions) or newest in versions:
        return newest
    deployed = {one.champion.version for one in history}
    found, counts = np.unique(versions, return_counts=True)
    known = [pair for pair in zip(counts.tolist(), found.tolist(), strict=True) if pair[1] in deployed]
    return int(max(known)[1]) if known else newest
