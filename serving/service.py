"""Everything that a running server has, wired once and passed to the apps."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from serving.errors import NotReady
from serving.metrics import Metrics
from serving.schema import RequestSchema
from serving.settings import ServingSettings
from understudy.records import Prediction

if TYPE_CHECKING:
    from serving.features import FeatureCache
    from serving.ledger_writer import LedgerWriter
    from serving.lineup import Lineup
    from serving.predictor import Predictor
    from serving.shadow.process import Program
    from serving.watcher import Watcher
    from understudy.deploying import Deployer
    from understudy.ports import BundleStore, DeploymentLog, FeatureStore, Ledger
    from understudy.problem import ProblemSpec
    from understudy.settings import Settings


@dataclass
class Service:
    """The parts, and whether they are ready. Nothing here knows of HTTP."""

    spec: "ProblemSpec"
    settings: ServingSettings
    predictor: "Predictor"
    ledger: "Ledger"
    """For labels and look-ups, in threads; predictions go through ``writer``."""
    writer: "LedgerWriter"
    features: "FeatureCache"
    watcher: "Watcher"
    log: "DeploymentLog"
    deployer: "Deployer | None" = None
    metrics: Metrics = field(default_factory=Metrics)
    draining: bool = False
    _schema: RequestSchema | None = None

    def __post_init__(self) -> None:
        self.metrics.watch(self)

    async def start(self) -> None:
        """Start the parts; returns when what is deployed has been loaded or refused."""
        self.writer.start()
        await self.watcher.start()

    async def stop(self) -> None:
        """Answer what was asked, store it, and stop the parts.

        Raises:
            StoreError: not everything could be stored.
        """
        await self.watcher.stop()
        await self.predictor.close()
        await asyncio.to_thread(self.writer.close)
        await asyncio.to_thread(self.ledger.close)

    async def predict(self, rows: Sequence[Mapping[str, Any]]) -> list[Prediction]:
        """Answers to checked rows, in order, counted: see ``Predictor.predict``."""
        predictions = await self.predictor.predict(rows)
        self.metrics.predicted(predictions)
        return predictions

    async def refresh(self) -> None:
        """Look for a new revision and new features now."""
        await self.watcher.refresh()

    @property
    def unready(self) -> str:
        """Why the server takes no requests; empty when it does."""
        if self.draining:
            return "The server is about to end."
        return "" if self.predictor.lineup is not None else self._lacking()

    def not_ready(self) -> NotReady:
        """What a request is told while the server takes none."""
        unready = self.unready
        if unready == self._undeployed:
            return NotReady(unready, f"`understudy deploy {self.spec.name}@champion` puts the champion in place.")
        return NotReady(unready, "Ask again shortly; `understudy deployments` shows what should serve.")

    def _lacking(self) -> str:
        """Why nothing serves."""
        refusal, loading = self.watcher.refusal, self.watcher.loading
        if refusal is not None and loading in (0, refusal.revision):
            return f"Revision {refusal.revision} is refused: {refusal.reason}"
        if loading:
            return f"The server is starting: revision {loading} is being loaded."
        if "deployments" in self.watcher.unreachable:
            return "The deployment log is out of reach; the server's log says why."
        if not self.watcher.looked:
            return "The server is starting: it has not read the deployment log yet."
        return self._undeployed

    @property
    def _undeployed(self) -> str:
        return f"No deployment of {self.spec.name} serves yet."

    @property
    def lineup(self) -> "Lineup":
        """
        Raises:
            NotReady: there is none yet.
        """
        lineup = self.predictor.lineup
        if lineup is None:
            raise self.not_ready()
        return lineup

    @property
    def schema(self) -> RequestSchema:
        """What requests must look like for the champion of this moment, made once for each manifest."""
        manifest = self.lineup.manifest
        if self._schema is None or self._schema.manifest is not manifest:
            self._schema = RequestSchema(manifest, self.settings.rows)
        return self._schema


def assemble(
    spec: "ProblemSpec",
    settings: "Settings",
    serving: ServingSettings,
    ledger: "Ledger",
    log: "DeploymentLog",
    bundles: "BundleStore",
    features: "FeatureStore",
    shadows: "Program",
) -> Service:
    """Wire a service to its stores, and to what its shadows' process is to run; nothing is started or contacted yet."""
    from serving.features import FeatureCache
    from serving.ledger_writer import LedgerWriter
    from serving.predictor import Predictor
    from serving.shadow import Shadows
    from serving.watcher import Watcher
    from understudy.deploying import Deployer

    writer, cache = LedgerWriter(ledger), FeatureCache(spec)
    predictor = Predictor(spec, settings.root, writer, cache, Shadows(shadows, serving), serving)
    watcher = Watcher(predictor, log, bundles, features, ledger, settings.home, serving)
    return Service(spec, serving, predictor, ledger, writer, cache, watcher, log, Deployer(log, None, bundles))
