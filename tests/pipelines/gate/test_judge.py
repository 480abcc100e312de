"""Judging a real bundle against a registry."""

import shutil
from collections.abc import Callable

import pyarrow as pa
import pytest
from fake_registry import FakeRegistry
from stage_folders import bundled, write_stages

from pipelines.gate import judge
from pipelines.job import Job
from pipelines.register import register
from understudy.bundle import Bundle
from understudy.problem import Candidate
from understudy.records import Version

pytestmark = pytest.mark.integration

GOOD = Candidate(
    name="good", estimator="sklearn.linear_model.LogisticRegression", family="linear", scale=True, impute=True
)
GATES = {"roc_auc": 0.6, "calibration_error": 0.5, "train_validation_gap": 0.3}


@pytest.fixture
def job(toy_job: Callable[..., Job], toy_table: pa.Table) -> Job:
    made = toy_job(gates=GATES)
    write_stages(made, toy_table, GOOD)
    return bundled(made)


def verdicts(job: Job, registry: FakeRegistry) -> dict[str, str]:
    return {check.name: check.verdict for check in judge(job, registry).checks}


def test_a_good_first_bundle_is_accepted(job: Job) -> None:
    verdict = judge(job, FakeRegistry())
    assert (verdict.decision, verdict.champion) == ("accepted", None), verdict.failed
    assert verdict.digest == Bundle.load(job.folder("bundle")).digest
    found = {check.name: check for check in verdict.checks}
    assert found["not_worse_than_champion"].verdict == "skipped"
    assert found["beats_majority_cost"].verdict == "pass"
    assert found["brier_against_majority"].verdict == "pass"
    assert found["bundle_megabytes"].verdict == "pass"
    assert found["row_milliseconds"].figure is not None
    assert 0 < found["row_milliseconds"].figure < 5
    assert all(check.why for check in verdict.checks)


def test_one_failed_check_rejects(toy_job: Callable[..., Job], toy_table: pa.Table) -> None:
    job = toy_job(gates={**GATES, "roc_auc": 0.99})
    write_stages(job, toy_table, GOOD)
    verdict = judge(bundled(job), FakeRegistry())
    assert verdict.decision == "rejected"
    assert [check.name for check in verdict.failed] == ["roc_auc"]


def test_overstated_probabilities_are_refused_whatever_the_problem_asks_for(
    toy_job: Callable[..., Job], toy_table: pa.Table
) -> None:
    """As in a problem whose YAML sets no limit: the ranking is as good as ever, the probabilities are not."""
    job = toy_job(gates={"calibration_error": None, "train_validation_gap": None, "beats_baselines": False})
    write_stages(job, toy_table, GOOD, shift=3.0)
    verdict = judge(bundled(job), FakeRegistry())
    assert verdict.decision == "rejected"
    assert [check.name for check in verdict.failed] == ["brier_against_majority"]


def test_a_worse_successor_is_refused(job: Job, toy_job: Callable[..., Job], toy_table: pa.Table) -> None:
    registry = FakeRegistry()
    register(job, judge(job, registry), registry)
    write_stages(job, toy_table, GOOD, shift=-6.0)
    bundled(job)
    verdict = judge(job, registry)
    assert verdict.champion == 1
    assert "not_worse_than_champion" in {check.name for check in verdict.failed}


def test_a_similar_successor_is_accepted(job: Job, toy_table: pa.Table) -> None:
    registry = FakeRegistry()
    register(job, judge(job, registry), registry)
    write_stages(job, toy_table, GOOD.model_copy(update={"fixed": {"C": 0.9}}), params={"C": 0.9})
    bundled(job)
    assert verdicts(job, registry)["not_worse_than_champion"] == "pass"


def test_a_registered_bundle_keeps_its_verdict(job: Job) -> None:
    registry = FakeRegistry()
    first = judge(job, registry)
    register(job, first, registry)
    job.input("evaluate", "judged.parquet").unlink()
    assert judge(job, registry) == first


def test_champion_with_other_inputs_is_left_to_a_person(
    job: Job, toy_job: Callable[..., Job], toy_table: pa.Table
) -> None:
    registry = FakeRegistry()
    register(job, judge(job, registry), registry)
    narrow = Job(spec=narrowed(job), settings=job.settings)
    write_stages(narrow, toy_table, GOOD)
    verdict = judge(bundled(narrow), registry)
    [row] = [check for check in verdict.checks if check.name == "not_worse_than_champion"]
    assert row.verdict == "fail"
    assert "lack noise, street" in row.why


def narrowed(job: Job) -> "object":
    kept = tuple(item for item in job.spec.features.inputs if item.name not in ("noise", "street"))
    return job.spec.model_copy(update={"features": job.spec.features.model_copy(update={"inputs": kept})})


def test_where_the_champion_must_be_beaten_an_equal_is_refused(
    toy_job: Callable[..., Job], toy_table: pa.Table
) -> None:
    registry, first = FakeRegistry(), toy_job(gates=GATES)
    write_stages(first, toy_table, GOOD)
    register(bundled(first), judge(first, registry), registry)
    again = toy_job(gates={**GATES, "better_than_champion": True}, title="Toy, again")
    clear(again)
    write_stages(again, toy_table, GOOD)
    verdict = judge(bundled(again), registry)
    assert verdict.decision == "rejected"
    assert [check.name for check in verdict.failed] == ["better_than_champion_brier", "better_than_champion_cost"]


def test_the_champion_is_judged_by_the_threshold_that_it_is_deployed_with(
    toy_job: Callable[..., Job], toy_table: pa.Table
) -> None:
    registry, first = FakeRegistry(), toy_job(gates=GATES)
    write_stages(first, toy_table, GOOD)
    register(bundled(first), judge(first, registry), registry)
    again = toy_job(gates={**GATES, "better_than_champion": True}, title="Toy, again")
    clear(again)
    write_stages(again, toy_table, GOOD)
    asked = []

    def threshold_of(version: Version) -> float:
        asked.append(version.number)
        return 0.99

    found = {check.name: check.verdict for check in judge(bundled(again), registry, threshold_of).checks}
    assert asked == [1]
    assert (found["better_than_champion_brier"], found["better_than_champion_cost"]) == ("skipped", "pass")


def clear(job: Job) -> None:
    for stage in ("bundle", "evaluate"):
        shutil.rmtree(job.folder(stage))
