"""Starting: what was planned is what is deployed, in one piece, with a salt of its own."""

import pytest
from laboratory import Laboratory, tampered

from monitoring.experiments.start import is_as_planned, start
from understudy.deploying import Placement
from understudy.errors import ConflictError, DataError, DeploymentError

pytestmark = pytest.mark.unit


def test_arms_are_deployed_as_planned_under_a_new_salt(lab: Laboratory) -> None:
    before = lab.log.newest("toy")
    plan = lab.plan((2, 3), weights=(20, 30))
    running = lab.started(plan)
    newest = lab.log.newest("toy")
    assert newest is not None
    assert before is not None
    assert is_as_planned(newest, plan)
    assert (running.state, running.revision) == ("running", newest.revision)
    assert [round(arm.weight, 9) for arm in newest.arms] == [0.5, 0.2, 0.3]
    assert newest.experiment == "autumn"
    assert newest.salt not in ("", before.salt)


def test_the_next_experiment_parts_units_anew(lab: Laboratory) -> None:
    salts = set()
    for name in ("one", "two"):
        lab.started(lab.plan(name=name))
        newest = lab.log.newest("toy")
        assert newest is not None
        salts.add(newest.salt)
        lab.deployer.drop("toy", "challenger", "ann", "enough")
        lab.watch.advance_experiment(lab.kept(name).model_copy(update={"state": "ended"}))
    assert len(salts) == 2


def test_a_start_that_was_killed_half_way_is_finished(lab: Laboratory) -> None:
    planned = lab.written(lab.plan((2, 3), weights=(20, 30)))
    version = lab.registry.version("toy", 2)
    lab.deployer.deploy(version, Placement("ab", weight=100 * 0.2 / 0.7, experiment="autumn"), "ann", "killed after")
    running = start(planned, lab.starting, "ann")
    newest = lab.log.newest("toy")
    assert newest is not None
    assert [round(arm.weight, 9) for arm in newest.arms] == [0.5, 0.2, 0.3]
    assert running.revision == newest.revision == 3
    again = lab.watch.advance_experiment(lab.kept().model_copy(update={"state": "planned"}))
    assert start(again, lab.starting, "ann").revision == 3  # the deployment stands: only the record was missing


def test_one_experiment_at_a_time(lab: Laboratory) -> None:
    lab.started(lab.plan(name="first"))
    second = lab.written(lab.plan((3,), name="second"))
    with pytest.raises(ConflictError, match="first of toy is running"):
        start(second, lab.starting, "ann")
    with pytest.raises(ConflictError, match="first is running already"):
        start(lab.kept("first"), lab.starting, "ann")


def test_what_serves_must_be_what_was_planned_on(lab: Laboratory) -> None:
    planned = lab.written(lab.plan())
    lab.deploy(3)
    with pytest.raises(DeploymentError, match=r"toy/3 is champion.*made for toy/1"):
        start(planned, lab.starting, "ann")
    lab.deploy(1)
    lab.deploy(3, "canary")
    with pytest.raises(DeploymentError, match="gives a share to challenger already"):
        start(planned, lab.starting, "ann")


def test_another_threshold_is_another_champion(lab: Laboratory) -> None:
    planned = lab.written(lab.plan())
    lab.deployer.threshold("toy", "champion", 0.7, "ann", "cheaper")
    with pytest.raises(DeploymentError, match="with its threshold of then"):
        start(planned, lab.starting, "ann")


def test_a_plan_that_was_altered_is_refused(lab: Laboratory) -> None:
    with pytest.raises(DataError, match="SHA-256 is another"):
        start(tampered(lab.written(lab.plan())), lab.starting, "ann")
