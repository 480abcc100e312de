"""One run of a retraining: the training's own steps, on what was known at a moment."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from pipelines.gate import judge
from pipelines.retrain.known import write_known
from pipelines.running.dag import Node
from pipelines.running.display import State
from pipelines.running.timings import Timings
from pipelines.write_path import Run, StageRun
from understudy.ports import ModelRegistry
from understudy.records import Deployment, Verdict, Version


@dataclass
class RetrainingRun(Run):
    """The steps of one retraining.

    ``job`` is of the moment and has folders of its own. The stages that say of a row what was known at its own time
    are the training's, brought up to date where they are not; the others run apart, on what was known at the moment.
    """

    training: Run = field(kw_only=True)
    """The run whose first stages are taken over."""
    deployment: Callable[[], Deployment | None] = field(kw_only=True, default=lambda: None)
    """What serves now; none where nothing does."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.timings = Timings(self.job.settings.home, f"{self.job.spec.name}-as-of", self.job.profile)

    def stage(self, node: Node) -> StageRun:
        """Bring one stage up to date, the training's own or one apart."""
        if self.job.is_apart(node.name):
            return super().stage(node)
        self.current = node.name
        step = self.training.stage(node)
        self.taken.append(step)
        self.current = ""
        return step

    def _stage_apart(self, node: Node) -> State:
        first = next(other for other in self.dag.nodes if self.job.is_apart(other.name))
        if node == first and not self.made_from.stands():
            write_known(self.training.job, self._job)
        return super()._stage_apart(node)

    def _judged(self, registry: ModelRegistry) -> Verdict:
        """By the training's gates where there is no champion to be better than."""
        job, spec = self._job, self.job.spec
        if registry.champion(spec.name) is None:
            job = replace(job, spec=spec.model_copy(update={"gates": self.training.job.spec.gates}))
        return judge(job, registry, self._threshold_of)

    def _threshold_of(self, version: Version) -> float | None:
        """What the version decides at as it is deployed now."""
        deployed = self.deployment()
        places = (*deployed.arms, *deployed.shadows) if deployed else ()
        return next((placed.threshold for placed in places if placed.digest == version.digest), None)
