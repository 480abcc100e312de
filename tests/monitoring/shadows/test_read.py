"""Which shadow is meant, and which window."""

from datetime import datetime, timedelta

import pytest
from fake_ledger import FakeLedger
from small_predictions import a_prediction, a_shadow
from some_versions import NOON, digest_of

from monitoring.shadows.read import Wanted, look_at_shadow
from understudy.errors import DataError
from understudy.problem import ProblemSpec
from understudy.records import Arm, Deployment, Label, Shadow

pytestmark = pytest.mark.unit
AT = datetime(2013, 11, 20, 6, 30, 30)


def placed(revision: int, *shadows: int) -> Deployment:
    return Deployment(
        problem="toy",
        revision=revision,
        mode="single",
        arms=(Arm(name="champion", version=1, digest=digest_of(1), weight=1.0),),
        shadows=tuple(Shadow(name=f"shadow{one}", version=one, digest=digest_of(one)) for one in shadows),
        change="deploy",
        who="ann",
        why="because",
        at=NOON,
    )


HISTORY = (placed(3), placed(2, 2, 5), placed(1, 4))


@pytest.fixture
def ledger() -> FakeLedger:
    ledger = FakeLedger()
    for revision in (1, 2, 3):
        number = revision
        ledger.append([a_prediction(number, event_time=AT, revision=revision)])
    ledger.append([a_shadow(2, event_time=AT, revision=2)])
    ledger.label([Label("toy", 1.0, key="k2", landed_at=AT + timedelta(hours=1))])
    return ledger


def test_the_newest_shadow_is_meant_unless_one_is_named(ledger: FakeLedger, spec: ProblemSpec) -> None:
    found = look_at_shadow(ledger, HISTORY, spec, Wanted())
    assert (found.champion, found.shadow, found.name) == (1, 2, "shadow2")
    assert (found.offered, found.scored) == (1, 1), "only requests of revisions that it was placed in"
    assert look_at_shadow(ledger, HISTORY, spec, Wanted(version=4)).shadow == 4


def test_it_looks_back_as_far_as_a_shadow_has_time(ledger: FakeLedger, spec: ProblemSpec) -> None:
    found = look_at_shadow(ledger, HISTORY, spec, Wanted())
    assert (found.since, found.until) == (datetime(2013, 10, 23, 6, 31), datetime(2013, 11, 20, 6, 31))
    assert found.labelled == 0, "the label lands later"
    later = look_at_shadow(ledger, HISTORY, spec, Wanted(as_of=AT + timedelta(days=1)))
    assert later.labelled == 1


@pytest.mark.parametrize(
    ("wanted", "what"),
    [
        (Wanted(since=AT, until=AT - timedelta(days=1)), "begins 2013-11-20 06:30, and ends 2013-11-19 06:30"),
        (Wanted(since=AT, until=AT), "nothing lies in it"),
        (Wanted(since=datetime(2013, 12, 24)), "begins 2013-12-24 00:00, and ends 2013-11-20 06:31"),
        (Wanted(since=datetime(2013, 12, 24), until=datetime(2013, 12, 25)), "the newest is of 2013-11-20 06:30"),
    ],
)
def test_a_span_in_which_nothing_can_lie_is_refused(
    ledger: FakeLedger, spec: ProblemSpec, wanted: Wanted, what: str
) -> None:
    with pytest.raises(DataError, match=what) as error:
        look_at_shadow(ledger, HISTORY, spec, wanted)
    assert "--since" in error.value.fix


def test_without_a_shadow_or_traffic_it_says_so(ledger: FakeLedger, spec: ProblemSpec) -> None:
    with pytest.raises(DataError, match="toy has had no shadow yet"):
        look_at_shadow(ledger, (placed(1),), spec, Wanted())
    with pytest.raises(DataError, match="toy/8 was no shadow yet"):
        look_at_shadow(ledger, HISTORY, spec, Wanted(version=8))
    with pytest.raises(DataError, match="No predictions of toy"):
        look_at_shadow(FakeLedger(), HISTORY, spec, Wanted())
