"""Each change gives the revision that it should, or is refused in words that say what to do."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from some_versions import NOON, a_version, digest_of, signed

from understudy.deploying import Placement, Signature
from understudy.deploying.changes import choose, deploy, drop, kill, promote, restore, route, threshold
from understudy.errors import DeploymentError
from understudy.records import Arm, Deployment

pytestmark = pytest.mark.unit


def alone(number: int = 1) -> Deployment:
    return deploy(None, a_version(number), Placement(), signed())


def beside(current: Deployment, number: int, mode: Any, at: datetime = NOON, **placement: Any) -> Deployment:
    return deploy(current, a_version(number), Placement(mode, **placement), signed(at=at))


def arms(deployment: Deployment) -> list[tuple[str, int, float]]:
    return [(arm.name, arm.version, round(arm.weight, 9)) for arm in deployment.arms]


def test_the_first_deployment_serves_one_version_to_everybody() -> None:
    first = alone()
    assert (first.revision, first.mode, first.change, first.salt) == (1, "single", "deploy", "toy")
    assert first.arms == (Arm(name="champion", version=1, digest=digest_of(1), weight=1.0),)
    assert (first.who, first.why, first.at) == ("ann", "because", NOON)


def test_a_canary_gets_its_share_and_a_new_one_takes_its_place() -> None:
    canary = beside(alone(), 2, "canary", weight=10)
    assert arms(canary) == [("champion", 1, 0.9), ("challenger", 2, 0.1)]
    assert arms(beside(canary, 3, "canary")) == [("champion", 1, 0.95), ("challenger", 3, 0.05)]
    assert arms(beside(canary, 2, "canary", weight=30)) == [("champion", 1, 0.7), ("challenger", 2, 0.3)]
    assert beside(canary, 2, "canary").salt == canary.salt


def test_arms_of_an_experiment_join_and_share_what_is_left() -> None:
    test = beside(alone(), 2, "ab", experiment="spring")
    assert (arms(test), test.experiment) == ([("champion", 1, 0.5), ("challenger", 2, 0.5)], "spring")
    three = beside(test, 3, "ab", weight=20)
    assert arms(three) == [("champion", 1, 0.4), ("challenger", 2, 0.4), ("challenger-2", 3, 0.2)]
    assert three.experiment == "spring"
    assert beside(three, 4, "bandit").arms[1].version == 4


def test_each_experiment_parts_units_anew_and_keeps_them_parted_so() -> None:
    first = beside(alone(), 2, "ab", experiment="spring")
    joined = beside(first, 3, "ab", experiment="spring")
    later = beside(drop(first, "toy", "challenger", signed()), 2, "ab", experiment="spring")
    other = beside(first, 2, "canary", experiment="autumn")
    assert first.salt != alone().salt
    assert joined.salt == first.salt == route(joined, "toy", {"challenger": 10}, signed()).salt
    assert len({first.salt, later.salt, other.salt}) == 3
    assert beside(alone(), 2, "ab").salt == alone().salt


def test_a_shadow_changes_no_arm_and_becomes_the_champion_when_promoted() -> None:
    canary = beside(alone(), 2, "canary")
    shadowed = deploy(canary, a_version(3, "pending"), Placement("shadow"), signed())
    assert shadowed.arms == canary.arms
    assert [(s.name, s.version) for s in shadowed.shadows] == [("shadow", 3)]
    promoted = promote(shadowed, "toy", choose(shadowed, "toy", "shadow"), signed())
    assert (arms(promoted), promoted.shadows, promoted.change) == ([("champion", 3, 1.0)], (), "promote")
    kept = promote(shadowed, "toy", choose(shadowed, "toy"), signed())
    assert (arms(kept), [s.version for s in kept.shadows]) == ([("champion", 2, 1.0)], [3])


def test_a_shadow_that_gets_a_share_is_no_shadow_any_more() -> None:
    shadowed = beside(alone(), 2, "shadow")
    assert beside(shadowed, 2, "canary").shadows == ()
    assert beside(shadowed, 2, "single").shadows == ()


def test_routing_sets_weights_and_the_champion_takes_the_rest() -> None:
    three = beside(beside(alone(), 2, "ab"), 3, "ab", weight=20)
    assert arms(route(three, "toy", {"challenger": 10}, signed()))[0] == ("champion", 1, 0.7)
    whole = route(three, "toy", {"champion": 30, "challenger": 30, "challenger-2": 40}, signed())
    assert [weight for _, _, weight in arms(whole)] == [0.3, 0.3, 0.4]
    assert whole.change == "route"


def test_the_kill_switch_keeps_arms_and_weights_and_outlives_other_changes() -> None:
    canary = beside(alone(), 2, "canary", weight=10)
    killed = kill(canary, "toy", True, signed())
    assert (killed.arms, killed.killed, killed.change) == (canary.arms, True, "kill")
    assert killed.weights(NOON) == (1.0, 0.0)
    assert beside(killed, 3, "shadow").killed
    assert beside(killed, 3, "canary").killed
    assert not beside(killed, 3, "single").killed
    resumed = kill(killed, "toy", False, signed())
    assert (resumed.weights(NOON), resumed.change) == ((0.9, 0.1), "route")


def test_another_change_does_not_set_a_ramp_back_nor_does_a_kill_let_it_run_on() -> None:
    ramping = beside(alone(), 2, "canary", ramp=(5, 25, 50), hold=60)
    later = NOON + timedelta(seconds=90)
    shadowed = beside(ramping, 3, "shadow", at=later)
    assert shadowed.weights(later) == (0.75, 0.25)
    assert shadowed.weights(later + timedelta(seconds=60)) == (0.5, 0.5)
    killed = kill(ramping, "toy", True, signed(at=later))
    resumed = kill(killed, "toy", False, signed(at=later + timedelta(hours=5)))
    assert resumed.weights(resumed.at) == (0.75, 0.25)
    by_hand = route(ramping, "toy", {"challenger": 40}, signed(at=later))
    assert by_hand.ramp is None
    assert by_hand.weights(later + timedelta(hours=5)) == (0.6, 0.4)


def test_a_threshold_is_set_on_one_place_and_ends() -> None:
    pair = beside(beside(alone(), 2, "ab"), 3, "shadow")
    moved = threshold(pair, "toy", "challenger", 0.3, signed())
    assert (moved.revision, moved.change, moved.weights(NOON)) == (4, "threshold", (0.5, 0.5))
    assert [arm.threshold for arm in moved.arms] == [None, 0.3]
    both = threshold(moved, "toy", "shadow", 0.0, signed())
    assert ([arm.threshold for arm in both.arms], both.shadows[0].threshold) == ([None, 0.3], 0.0)
    assert threshold(both, "toy", "challenger", None, signed()).arms == pair.arms


def test_a_threshold_stays_with_its_version_and_reaches_no_other() -> None:
    moved = threshold(alone(), "toy", "champion", 0.3, signed())
    canary = threshold(beside(moved, 2, "canary"), "toy", "challenger", 0.6, signed())
    assert [(arm.version, arm.threshold) for arm in canary.arms] == [(1, 0.3), (2, 0.6)]
    promoted = promote(canary, "toy", choose(canary, "toy"), signed())
    assert [(arm.version, arm.threshold) for arm in promoted.arms] == [(2, 0.6)]
    assert [(arm.version, arm.threshold) for arm in beside(canary, 3, "canary").arms] == [(1, 0.3), (3, None)]
    assert beside(canary, 3, "single").champion.threshold is None
    assert beside(beside(canary, 3, "single"), 1, "single").champion.threshold is None
    assert beside(canary, 1, "single").champion.threshold == 0.3
    shadowed = threshold(beside(alone(), 2, "shadow"), "toy", "shadow", 0.7, signed())
    assert beside(shadowed, 2, "canary").arms[1].threshold == 0.7
    back = restore(promoted, moved, signed())
    assert [(arm.version, arm.threshold) for arm in back.arms] == [(1, 0.3)]


def test_a_threshold_sets_no_ramp_back() -> None:
    ramping = beside(alone(), 2, "canary", ramp=(5, 25, 50), hold=60)
    later = NOON + timedelta(seconds=90)
    moved = threshold(ramping, "toy", "champion", 0.2, signed(at=later))
    assert moved.weights(later) == (0.75, 0.25)
    assert moved.weights(later + timedelta(seconds=60)) == (0.5, 0.5)


def test_dropping_gives_the_share_to_the_champion() -> None:
    three = beside(beside(alone(), 2, "ab"), 3, "ab", weight=20)
    two = drop(three, "toy", "challenger", signed())
    assert (two.mode, arms(two)) == ("ab", [("champion", 1, 0.8), ("challenger-2", 3, 0.2)])
    one = drop(kill(two, "toy", True, signed()), "toy", "challenger-2", signed())
    assert (one.mode, arms(one), one.killed) == ("single", [("champion", 1, 1.0)], False)
    assert drop(beside(alone(), 2, "shadow"), "toy", "shadow", signed()).shadows == ()


def test_restoring_gives_back_everything_but_shadows_that_were_rejected_since() -> None:
    past = beside(beside(alone(), 2, "ab", weight=20), 3, "shadow")
    now = beside(past, 4, "single")
    restored = restore(now, past, signed("it is worse"), rejected={3})
    assert (restored.revision, restored.restores, restored.change) == (5, 3, "rollback")
    assert (restored.arms, restored.shadows, restored.salt) == (past.arms, (), past.salt)
    assert restore(now, past, signed()).shadows == past.shadows


@pytest.mark.parametrize(
    ("change", "what", "fix"),
    [
        (lambda: beside(alone(), 2, "canary", weight=101), "101 %", "between 0 and 100"),
        (lambda: beside(alone(), 2, "canary", weight=float("nan")), "nan %", "between 0 and 100"),
        (lambda: beside(alone(), 2, "ab", ramp=(5, 10)), "Only a canary ramps", "canary"),
        (lambda: beside(alone(), 2, "canary", ramp=(10, 5)), "may not fall", "rise"),
        (lambda: beside(alone(), 2, "canary", ramp=(5,), hold=0), "held for 0 seconds", "above 0"),
        (lambda: beside(alone(), 2, "canary", ramp=(5,), weight=5), "both were given", "one of them"),
        (lambda: beside(alone(), 2, "shadow", weight=5), "no weight", "Leave the weight out"),
        (lambda: beside(alone(), 1, "canary"), "toy/1 serves already, as champion", "promote"),
        (lambda: beside(beside(alone(), 2, "ab"), 2, "ab"), "as challenger", "route"),
        (lambda: beside(beside(alone(), 2, "ab"), 2, "shadow"), "as challenger", "route"),
        (lambda: deploy(None, a_version(1), Placement("canary"), signed()), "Nothing of toy", "toy@champion"),
        (lambda: deploy(None, a_version(1, "pending"), Placement(), signed()), "toy/1 is pending", "approve toy/1"),
        (lambda: deploy(None, a_version(1, "rejected"), Placement(), signed()), "rejected by ann: looks", "another"),
        (lambda: deploy(alone(), a_version(2, "rejected"), Placement("shadow"), signed()), "rejected", "another"),
        (
            lambda: deploy(None, a_version(2, "rejected", "rejected"), Placement(), signed()),
            "toy/2 was rejected",
            "approve toy/2 --override --why",
        ),
        (
            lambda: deploy(alone(), a_version(2, "pending", "rejected"), Placement("shadow"), signed()),
            "The gate refused toy/2: roc_auc",
            "--override",
        ),
        (lambda: choose(alone(), "toy"), "nothing beside it", "deploy"),
        (lambda: choose(beside(alone(), 2, "canary"), "toy", "b"), "no 'b'", "challenger"),
        (lambda: choose(beside(beside(alone(), 2, "ab"), 3, "ab"), "toy"), "challenger (toy/2), challenger-2", "Name"),
        (lambda: route(alone(), "toy", {"challenger": 5}, signed()), "no 'challenger'", "champion"),
        (
            lambda: route(beside(alone(), 2, "ab"), "toy", {"champion": 60}, signed()),
            "add up to 110 %",
            "Make them 100",
        ),
        (lambda: route(beside(alone(), 2, "ab"), "toy", {"challenger": -1}, signed()), "-1 %", "between 0 and 100"),
        (lambda: route(beside(alone(), 2, "bandit"), "toy", {"champion": 50}, signed()), "bandit", "--mode ab"),
        (lambda: drop(alone(), "toy", "champion", signed()), "no 'champion'", "none"),
        (lambda: kill(None, "toy", True, signed()), "Nothing of toy", "starts with the champion"),
        (lambda: threshold(alone(), "toy", "shadow", 0.5, signed()), "no 'shadow'", "champion"),
        (lambda: threshold(alone(), "toy", "champion", 1.01, signed()), "1.01 is no probability", "from 0 to 1"),
        (lambda: threshold(alone(), "toy", "champion", float("nan"), signed()), "nan is no", "from 0 to 1"),
        (lambda: threshold(alone(), "toy", "champion", None, signed()), "its bundle's threshold already", "nothing"),
        (lambda: Signature("ann", "  ", NOON), "needs a reason", "Say why"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do(change: Any, what: str, fix: str) -> None:
    with pytest.raises(DeploymentError) as refused:
        change()
    assert what in refused.value.what
    assert fix in refused.value.fix


PERCENT = st.floats(0, 100)
STEP = st.one_of(
    st.tuples(st.just("deploy"), st.integers(1, 6), st.sampled_from(["canary", "ab", "bandit"]), PERCENT),
    st.tuples(st.just("deploy"), st.integers(1, 6), st.sampled_from(["single", "shadow"]), st.none()),
    st.tuples(st.just("ramp"), st.integers(1, 6), st.lists(PERCENT, min_size=1, max_size=4).map(sorted)),
    st.tuples(st.just("promote"), st.sampled_from([None, "challenger", "challenger-2", "shadow"])),
    st.tuples(st.just("route"), st.dictionaries(st.sampled_from(["challenger", "challenger-2"]), PERCENT)),
    st.tuples(st.just("drop"), st.sampled_from(["challenger", "challenger-2", "shadow"])),
    st.tuples(st.just("kill"), st.booleans()),
    st.tuples(st.just("restore"), st.integers(0, 30)),
    st.tuples(st.just("threshold"), st.sampled_from(["champion", "challenger", "shadow"]), st.floats(0, 1)),
)


def take(step: Any, history: list[Deployment], at: datetime) -> Deployment:
    """The next revision after one step."""
    current, (kind, *given) = (history[-1] if history else None), step
    if kind == "deploy":
        return deploy(current, a_version(given[0]), Placement(given[1], given[2]), signed(at=at))
    if kind == "ramp":
        return deploy(current, a_version(given[0]), Placement("canary", ramp=tuple(given[1])), signed(at=at))
    if kind == "promote":
        return promote(current, "toy", choose(current, "toy", given[0]), signed(at=at))
    if kind == "restore":
        return restore(history[-1], history[given[0] % len(history)], signed(at=at))
    if kind == "threshold":
        return threshold(current, "toy", *given, signed(at=at))
    change: Any = {"route": route, "drop": drop, "kill": kill}[kind]
    changed: Deployment = change(current, "toy", given[0], signed(at=at))
    return changed


@given(st.lists(st.tuples(STEP, st.integers(0, 7200)), max_size=25))
def test_any_sequence_of_changes_leaves_a_whole_deployment(steps: list[Any]) -> None:
    history: list[Deployment] = [alone()]
    at = NOON
    for step, seconds in steps:
        at += timedelta(seconds=seconds)
        try:
            history.append(take(step, history, at))
        except DeploymentError:
            continue
        newest = history[-1]
        if newest.change not in ("threshold", "rollback"):
            before = {one.digest: one.threshold for one in (*history[-2].arms, *history[-2].shadows)}
            assert all(one.threshold == before.get(one.digest) for one in (*newest.arms, *newest.shadows))
        assert newest.revision == len(history)
        assert newest.arms[0].name == "champion"
        assert sum(arm.weight for arm in newest.arms) == pytest.approx(1)
        for later in (0, 3600, 10**6):
            weights = newest.weights(at + timedelta(seconds=later))
            assert sum(weights) == pytest.approx(1)
            assert all(0 <= weight <= 1 for weight in weights)
        assert newest.salt == "toy"
