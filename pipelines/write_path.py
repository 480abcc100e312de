"""One run of the write path: what each of its steps does, whoever orders them."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from pipelines.gate import judge
from pipelines.job import Job
from pipelines.register import Registration, register
from pipelines.running.dag import Dag, Node
from pipelines.running.display import Display, State
from pipelines.running.made_from import MadeFrom
from pipelines.running.timings import Timings
from pipelines.stages import run_stage
from understudy.bundle import Bundle
from understudy.ports import ModelRegistry
from understudy.records import Verdict


@dataclass(frozen=True)
class StageRun:
    """What became of one step, and the seconds it took."""

    name: str
    state: State
    seconds: float


@dataclass
class Run:
    """The steps of one run of one problem, with the record of those that were taken."""

    job: Job
    dag: Dag
    open_registry: Callable[[], ModelRegistry]
    display: Display
    deployed: Callable[[], bool] = lambda: False
    """Whether the problem is being served."""
    taken: list[StageRun] = field(default_factory=list)
    current: str = ""
    """Step that is under way or failed."""

    def __post_init__(self) -> None:
        self.timings = Timings(self.job.settings.home, self.job.spec.name, self.job.profile)
        self.made_from = MadeFrom(self.job, self.dag)

    @property
    def steps(self) -> tuple[str, ...]:
        """Every step in order: the stages of the DAG, then those that touch shared state."""
        return (*(node.name for node in self.dag.nodes), "gate", "register")

    def standing(self) -> Registration | None:
        """The registered version of exactly what is there to be learned; none when there is work to do."""
        if self._stale():
            return None
        registry = self.open_registry()
        known = registry.find(Bundle.load(self.job.folder("bundle")))
        return register(self.job, known.verdict, registry, self.deployed()) if known else None

    def ahead(self) -> frozenset[str]:
        """Steps that are likely to run: the stale ones, those that read them, and what follows the DAG."""
        ahead = {"gate", "register", *self._stale()}
        for node in self.dag.nodes:
            if ahead.intersection(node.after):
                ahead.add(node.name)
        return frozenset(ahead)

    def stage(self, node: Node) -> StageRun:
        """Bring one stage up to date: by doing nothing, from DVC's cache, or by running it."""
        with self._step(node.name) as end:
            if self.job.is_apart(node.name):
                return end(self._stage_apart(node))
            standing = self.dag.settle(node)
            if standing != "stale":
                return end(standing)
            self.display.start(node.name)
            before = self.dag.fingerprint(node)
            run_stage(node.name, self._job)
            self.dag.commit(node, before)
            return end("done")

    def gate(self) -> Verdict:
        """Judge the bundle; one that is registered was judged before, against the champion of its day."""
        with self._step("gate") as end:
            registry = self.open_registry()
            known = registry.find(Bundle.load(self.job.folder("bundle")))
            if known:
                end("unchanged")
                return known.verdict
            self.display.start("gate")
            verdict = self._judged(registry)
            end("done")
            return verdict

    def register(self, verdict: Verdict) -> Registration:
        """Register the judged bundle; the same bundle again is the same version."""
        with self._step("register") as end:
            self.display.start("register")
            registration = register(self._job, verdict, self.open_registry(), self.deployed())
            end("done")
            return registration

    def _judged(self, registry: ModelRegistry) -> Verdict:
        return judge(self._job, registry)

    def _stage_apart(self, node: Node) -> State:
        """A stage that DVC knows nothing of: all such stages of a run stand, or none."""
        if self.made_from.stands():
            return "unchanged"
        self.display.start(node.name)
        run_stage(node.name, self._job)
        if node == self.dag.nodes[-1]:
            self.made_from.remember()
        return "done"

    def _stale(self) -> frozenset[str]:
        stale, apart = self.dag.stale(), {node.name for node in self.dag.nodes if self.job.is_apart(node.name)}
        if not apart:
            return stale
        stale -= apart
        return stale if not stale and self.made_from.stands() else stale | apart

    @property
    def _job(self) -> Job:
        return replace(self.job, progress=self.display.progress)

    @contextmanager
    def _step(self, name: str) -> Iterator[Callable[[State], StageRun]]:
        self.current = name
        started = time.monotonic()

        def end(state: State) -> StageRun:
            step = StageRun(name, state, round(time.monotonic() - started, 3))
            self.display.end(name, state, step.seconds)
            self.taken.append(step)
            if state == "done":
                self.timings.remember(name, step.seconds)
            return step

        try:
            yield end
        except BaseException:
            self.display.end(name, "failed", time.monotonic() - started)
            raise
        self.current = ""
