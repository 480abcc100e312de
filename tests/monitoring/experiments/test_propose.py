"""Plans: what they follow from, that they say all of it, and what is refused with a fix."""

from datetime import timedelta

import pytest
from laboratory import Laboratory

from monitoring.experiments.plan import digest_of, plan_of
from monitoring.experiments.propose import effect_of
from monitoring.experiments.statistics.power import Design, sequential_sample
from understudy.errors import ConflictError, DataError, DeploymentError

pytestmark = pytest.mark.unit


def test_a_plan_follows_from_the_champions_past(lab: Laboratory) -> None:
    plan = lab.plan(covariate="none")
    (rows,) = lab.ledger.read("toy")
    assert plan.past.decisions == plan.past.units == 600
    wrong = [row["decision"] != (row["label"] == 1) for row in rows]
    cost = sum((1.0 if row["decision"] else 5.0) for row, bad in zip(rows, wrong, strict=True) if bad) / 600
    assert plan.past.mean == pytest.approx(cost)
    assert plan.effect == pytest.approx(0.3 * cost)
    assert plan.past.units_per_day == pytest.approx(1440, rel=0.01)  # one a minute
    sample = sequential_sample(Design(plan.past.deviation, plan.effect))
    assert (plan.units, plan.expected) == (sample.units, pytest.approx(sample.expected, abs=1))
    assert plan.days == pytest.approx(plan.units / plan.past.units_per_day, rel=0.01)
    assert plan.longest == pytest.approx(2 * plan.days)
    assert [(arm.name, arm.version, arm.weight) for arm in plan.arms] == [("champion", 1, 0.5), ("challenger", 2, 0.5)]
    assert {segment.name for segment in plan.segments} == {"town=ash", "town=birch", "town=cedar"}
    assert plan.harm == pytest.approx(0.5 * cost)


def test_the_covariate_is_what_explains_most_and_is_frozen_with_the_plan(lab: Laboratory) -> None:
    lab.answer(3000)
    plan = lab.plan()
    assert plan.covariate is not None
    assert plan.covariate.column == "town"
    assert 0.005 <= plan.covariate.explained < 0.2
    means = plan.covariate.means
    assert means is not None
    assert means["ash"] < means["birch"] < means["cedar"]
    assert plan.units < lab.plan(covariate="none").units
    assert list(plan.covariate.of(["ash", "elm", None])) == [means["ash"], *[plan.covariate.otherwise] * 2]


def test_shares_of_several_challengers_add_up_and_divide_alpha(lab: Laboratory) -> None:
    plan = lab.plan((2, 3), weights=(20, 30))
    assert [(arm.name, round(arm.weight, 9)) for arm in plan.arms] == [
        ("champion", 0.5), ("challenger", 0.2), ("challenger-2", 0.3),
    ]  # fmt: skip
    assert plan.each_alpha == 0.025
    assert [arm.weight for arm in lab.plan((2,), mode="canary").arms] == pytest.approx([0.9, 0.1])


def test_a_plan_is_written_once_under_its_sha256(lab: Laboratory) -> None:
    written = lab.written(lab.plan())
    assert written.digest == digest_of(lab.plan())
    assert plan_of(written) == lab.plan()
    with pytest.raises(ConflictError, match="already"):
        lab.written(lab.plan(alpha=0.01))


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"effect": "much"}, "--effect much is no effect.*as in 5%"),
        ({"effect": "120%"}, "cannot be gained"),
        ({"effect": "-3%"}, "cannot be gained"),
        ({"weights": (100.0,)}, "together below 100"),
        ({"weights": (10.0, 10.0)}, "one --weight for each"),
        ({"alpha": 0.7}, "alpha 0.7"),
        ({"looks": 0}, "0 looks"),
        ({"name": "Autumn!"}, "cannot be a plan: name"),
        ({"covariate": "label"}, "neither an input nor a segment"),
        ({"longest": timedelta(0), "history": timedelta(minutes=30)}, "labelled units.*--history"),
    ],
)
def test_what_cannot_be_planned_is_named_with_its_fix(lab: Laboratory, wish: dict[str, object], said: str) -> None:
    with pytest.raises(DataError, match=said):
        lab.plan(**wish)


def test_the_champion_is_no_challenger_of_itself(lab: Laboratory) -> None:
    with pytest.raises(DeploymentError, match="toy/1 is the champion already"):
        lab.plan((1,))


def test_an_effect_is_a_cost_or_a_share_of_one() -> None:
    assert effect_of("5%", 2.0) == pytest.approx(0.1)
    assert effect_of("0.25", 2.0) == 0.25
