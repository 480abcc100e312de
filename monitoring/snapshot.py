"""One window on its way from the ledger to a snapshot, side by side."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa

from monitoring.champion import Champion, champion_of
from monitoring.drift import Drift, drift_of
from monitoring.look import Look
from monitoring.window.data_quality import data_quality
from monitoring.window.estimate import estimate
from monitoring.window.figures import Finding
from monitoring.window.history import validated_tables
from monitoring.window.judged import Judged, judged
from monitoring.window.pictures import picture
from monitoring.window.quality import METRICS, Figures, previous, quality
from monitoring.window.read import Window, column_of, read_answers, read_window
from monitoring.window.segments import groups_of
from monitoring.window.service import model_age, service
from monitoring.window.skew import Sources, skew
from monitoring.window.usual import Usual, usual_lags
from understudy.ports import BundleStore, DeploymentLog, FeatureStore, Ledger, WatchLog
from understudy.records import Alert, Deployment, Snapshot
from understudy.settings import Settings
from understudy.statistics.bootstrap import Interval

SNAPSHOTS = 20
"""Newest windows among which the one before is looked for: they may be of several lengths."""
DEPLOYMENTS = 1_000
"""Revisions back to which a row's deployment is looked for."""


@dataclass(frozen=True)
class Stores:
    """What a window is read from, and where it is remembered."""

    ledger: Ledger
    deployments: DeploymentLog
    watch: WatchLog
    bundles: BundleStore
    features: FeatureStore


@dataclass
class Examination:
    """Call ``read`` first; the sides go in any order after it, then ``snapshot``."""

    look: Look
    stores: Stores
    settings: Settings
    findings: dict[str, Finding] = field(default_factory=dict)
    """What each side said."""
    window: Window = field(init=False, repr=False)
    champion: Champion = field(init=False, repr=False)
    history: tuple[Deployment, ...] = field(init=False, repr=False)
    compared: Drift | None = None

    def read(self) -> None:
        """Read the window, and the bundle of the champion that is judged.

        Raises:
            StoreError: a store cannot be reached.
            DeploymentError: nothing is deployed.
            BundleError: the champion's bundle is refused.
        """
        look = self.look
        self.window = read_window(self.stores.ledger, look.spec, look.since, look.until, look.as_of)
        self.history = self.stores.deployments.history(look.spec.name, DEPLOYMENTS)
        with TemporaryDirectory(prefix="understudy-") as folder:
            answers = self.window.live.answers
            self.champion = champion_of(self.history, answers, self.stores.bundles, Path(folder))

    def data_quality(self) -> None:
        """Hold live requests and inputs to the schema of training."""
        spec, manifest = self.look.spec, self.champion.manifest
        known = manifest.reference.known if manifest.reference else {}
        usual = Usual(self.champion.reference, known, usual_lags(self._validated / f"{spec.main}.parquet", spec))
        self.findings["data"] = data_quality(self.window, spec, usual)

    def skew(self) -> None:
        """Make logged inputs again, and compare."""
        spec, settings = self.look.spec, self.settings
        sources = Sources(
            root=settings.root,
            tables=partial(validated_tables, self._validated, spec),
            published=lambda: self.stores.features.since(spec.name, 0)[1],
            threads=settings.threads,
        )
        self.findings["skew"] = skew(self.window.live, spec, sources)

    def drift(self) -> None:
        """Compare the champion's rows with its training rows."""
        champion, current = self.champion, self.current
        found = drift_of(current, champion.reference, self.look.spec, self.look.span, champion.threshold)
        self.compared = found
        columns = [
            {
                "name": column.name,
                "role": column.role,
                "measure": column.measure,
                "value": column.value,
                "limit": column.limit,
                "mean": column.mean,
                "mean_before": column.mean_before,
                "new": column.new,
                "new_limit": column.new_limit,
                "drifted": column.drifted,
                "excess": column.excess,
                "picture": _picture(column.name, champion, current),
            }
            for column in found.columns
        ]
        details = {"columns": columns, "alpha": found.alpha, "how": found.how, "note": found.note}
        self.findings["drift"] = Finding(found.readings(), details | {"windows": found.windows})

    def quality(self) -> None:
        """Judge what is labelled, and estimate the rest."""
        spec, rows = self.look.spec, self.judged
        groups = groups_of(self.window.live, spec, self.champion.reference)
        tested = self.champion.manifest.metrics.test
        self.findings["quality"] = quality(rows, spec, tested, self._before(), groups)
        self.findings["estimate"] = estimate(rows, spec)

    def service(self) -> None:
        """Measure how the service did, and how old its model is."""
        champion, look = self.champion, self.look
        scores = column_of(champion.reference, "score")
        revisions = {one.revision: one for one in self.history}
        found = service(self.window, look.spec, champion.version, scores, revisions)
        age = model_age(champion.learned_until(look.spec), champion.deployed_at, look.until, look.made_at)
        self.findings["service"] = Finding((*found.readings, age), found.details)

    def snapshot(self, report: str = "") -> Snapshot:
        """Everything that was found so far.

        Args:
            report: path of the page about it, from ``home``.
        """
        look, champion = self.look, self.champion
        label = self.window.live.column("label")
        return Snapshot(
            problem=look.spec.name,
            since=look.since,
            until=look.until,
            as_of=look.as_of,
            made_at=look.made_at,
            version=champion.version,
            digest=champion.placed.digest,
            rows=len(self.window.live),
            labelled=int((~np.isnan(label)).sum()),
            readings=tuple(reading for finding in self.findings.values() for reading in finding.readings),
            details=self._details(),
            report=report,
            dry=look.dry,
        )

    @cached_property
    def judged(self) -> Judged:
        """The champion's answers."""
        return judged(self.window.live.answers, self.champion.version, self.look.spec)

    @cached_property
    def current(self) -> pa.Table:
        """The champion's rows as drift compares them: inputs, what is watched, score and event time."""
        live, spec = self.window.live, self.look.spec
        places = pa.array(self.judged.places)
        table = live.inputs.take(places).append_column("score", pa.array(self.judged.score.astype(np.float32)))
        if spec.event_time is not None:
            table = table.append_column(spec.event_time, live.answers.column("moment").take(places))
        return table

    @property
    def _validated(self) -> Path:
        return self.settings.data / self.look.spec.name / "validate"

    def _before(self) -> Figures:
        """Figures of the window before: as they were seen when all its labels were in, else from the ledger."""
        look = self.look
        for seen in self.stores.watch.snapshots(look.spec.name, SNAPSHOTS, look.since):
            window = (seen.since, seen.until) == (look.before, look.since)
            if window and seen.version == self.champion.version and seen.labelled == seen.rows > 0:
                return _figures(seen)
        answers = read_answers(self.stores.ledger, look.spec.name, look.before, look.since, look.as_of)
        return previous(judged(answers, self.champion.version, look.spec), look.spec)

    def _details(self) -> dict[str, Any]:
        champion, scores = self.champion, self.judged.score
        facts = {
            "threshold": champion.threshold,
            "candidate": champion.manifest.candidate,
            "deployed_at": champion.deployed_at.isoformat(),
            "flagged": float(self.judged.decision.mean()) if len(scores) else None,
        }
        return {"champion": facts, **{name: finding.details for name, finding in self.findings.items()}}


@dataclass(frozen=True)
class Watched:
    """A window as it was recorded."""

    snapshot: Snapshot
    alerts: tuple[Alert, ...]
    page: Path
    seconds: dict[str, float]
    """Of each step."""


def _picture(name: str, champion: Champion, current: pa.Table) -> Mapping[str, Any]:
    if name not in current.column_names:
        flags = (column_of(table, "score") >= champion.threshold for table in (champion.reference, current))
        before, now = (float(flagged.mean()) if len(flagged) else 0.0 for flagged in flags)
        return {"names": ["not flagged", "flagged"], "before": [1 - before, before], "now": [1 - now, now]}
    return picture(champion.reference.column(name), current.column(name))


def _figures(seen: Snapshot) -> Figures:
    found = {}
    for name in METRICS:
        reading = seen.reading(f"quality.{name}")
        if reading is not None and reading.value is not None:
            ends = (np.nan if end is None else end for end in (reading.low, reading.high))
            found[name] = Interval(reading.value, *ends)
    return found
