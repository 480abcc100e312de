"""From verdict to version: approval, promotion, and what a kill in between leaves."""

from collections.abc import Callable
from dataclasses import replace

import pyarrow as pa
import pytest
from fake_registry import FakeRegistry
from small_bundle import verdict_on, write_small_bundle

from pipelines.job import Job
from pipelines.register import Registration, approve, register, reject
from understudy.bundle import Bundle
from understudy.errors import RegistryError
from understudy.records import Decision, Verdict

pytestmark = pytest.mark.integration


class Bench:
    """A job whose bundle is rewritten at will, and a registry."""

    def __init__(self, job: Job, approval: str = "automatic") -> None:
        self.job = Job(spec=job.spec, settings=job.settings.model_copy(update={"approval": approval}))
        self.registry = FakeRegistry()

    def bundle(self, title: str = "Toy") -> str:
        folder = self.job.folder("bundle")
        if folder.exists():
            folder.rename(folder.with_name(f"old-{len(list(folder.parent.iterdir()))}"))
        return Bundle.load(write_small_bundle(folder, title=title)).digest

    def verdict(self, title: str = "Toy", decision: Decision = "accepted") -> Verdict:
        digest, champion = self.bundle(title), self.registry.champion("toy")
        return verdict_on(digest, decision, champion.number if champion else None)

    def register(self, verdict: Verdict) -> Registration:
        return register(self.job, verdict, self.registry)


@pytest.fixture
def bench(toy_job: Callable[..., Job], toy_table: pa.Table) -> Bench:
    return Bench(toy_job())


def test_accepted_becomes_champion(bench: Bench) -> None:
    done = bench.register(bench.verdict())
    assert (done.decision, done.champion, done.version.number) == ("accepted", True, 1)
    assert (done.version.approval.state, done.version.approval.by) == ("approved", "gate")
    assert done.version.stage == "production"
    assert done.report.is_file()
    assert done.bundle == bench.job.folder("bundle")
    assert done.gates == done.version.verdict.checks


def test_the_same_again_changes_nothing(bench: Bench) -> None:
    verdict = bench.verdict()
    first = bench.register(verdict)
    changes = list(bench.registry.changes)
    assert bench.register(verdict) == first
    assert bench.registry.changes == changes == ["register", "approved", "promote"]


def test_rejected_is_archived_and_says_why(bench: Bench) -> None:
    done = bench.register(bench.verdict(decision="rejected"))
    assert (done.decision, done.champion, done.version.stage) == ("rejected", False, "archived")
    assert (done.version.approval.state, done.version.approval.by) == ("rejected", "gate")
    assert "roc_auc" in done.version.approval.why


def test_manual_approval_waits_for_a_person(toy_job: Callable[..., Job]) -> None:
    bench = Bench(toy_job(), approval="manual")
    done = bench.register(bench.verdict())
    assert (done.decision, done.champion, done.version.approval.state) == ("accepted", False, "pending")
    approved = approve(bench.registry, "toy", 1, "ada", "fine")
    assert (approved.champion, approved.approval.by) == (True, "ada")


def test_a_person_may_overrule_the_gate(bench: Bench) -> None:
    bench.register(bench.verdict(decision="rejected"))
    assert approve(bench.registry, "toy", 1, "ada", "inputs changed on purpose").champion
    with pytest.raises(RegistryError, match="is the champion"):
        reject(bench.registry, "toy", 1, "ada", "on second thought")


def test_next_champion_archives_the_last(bench: Bench) -> None:
    bench.register(bench.verdict("one"))
    bench.register(bench.verdict("two"))
    two, one = bench.registry.versions("toy")
    assert (two.aliases, two.stage) == (("champion",), "production")
    assert (one.aliases, one.stage) == (("previous",), "archived")


@pytest.mark.parametrize("steps", [1, 2])
def test_a_kill_between_steps_is_mended(bench: Bench, steps: int) -> None:
    verdict = bench.verdict()
    bench.registry.register(Bundle.load(bench.job.folder("bundle")), verdict)
    if steps == 2:
        bench.registry.decide("toy", 1, "approved", "gate", "Passed every check.")
    done = bench.register(verdict)
    assert (done.champion, done.version.number) == (True, 1)
    assert len(bench.registry.versions("toy")) == 1


def test_a_verdict_against_an_older_champion_promotes_nobody(bench: Bench) -> None:
    late = bench.verdict("late")
    bench.registry.register(Bundle.load(bench.job.folder("bundle")), late)
    bench.register(bench.verdict("quick"))
    bench.job.folder("bundle").rename(bench.job.folder("bundle").with_name("aside"))
    bench.bundle("late")
    done = bench.register(late)
    assert (done.champion, done.version.approval.state) == (False, "pending")
    champion = bench.registry.champion("toy")
    assert champion is not None
    assert champion.number == 2


def test_a_rolled_back_version_is_not_promoted_by_running_again(bench: Bench) -> None:
    bench.register(bench.verdict("one"))
    second = bench.verdict("two")
    bench.register(second)
    bench.registry.promote("toy", 1)
    assert not bench.register(second).champion
    champion = bench.registry.champion("toy")
    assert champion is not None
    assert champion.number == 1


def test_a_quick_look_fills_an_empty_throne_and_takes_nobodys(bench: Bench) -> None:
    bench.job = replace(bench.job, profile="fast")

    first = bench.register(bench.verdict("First"))
    second = bench.register(bench.verdict("Second"))

    assert (first.champion, second.champion) == (True, False)
    assert second.version.approval.state == "pending"
    assert approve(bench.registry, "toy", second.version.number, "ann", "looks right").champion


def test_while_the_problem_is_served_the_deployment_log_says_who_is_champion(bench: Bench) -> None:
    first = bench.register(bench.verdict("one"))
    second = register(bench.job, bench.verdict("two"), bench.registry, deployed=True)
    assert (second.version.approval.state, second.champion) == ("approved", False)
    assert bench.registry.champion("toy") == first.version
    third = approve(bench.registry, "toy", second.version.number, "ada", "looks right", deployed=True)
    assert (third.stage, third.champion) == ("staging", False)
