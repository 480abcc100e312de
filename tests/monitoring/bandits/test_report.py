"""The report as a whole, and what it warns of."""

import json
from typing import Any

import pytest

from monitoring.bandits.draws import Bandit, read_draws
from monitoring.bandits.report import BanditReport, bandit_report
from understudy.errors import DataError
from understudy.problem import ProblemSpec

pytestmark = pytest.mark.unit


def report(ledger: Any, bandit: Bandit, spec: ProblemSpec) -> BanditReport:
    return bandit_report(read_draws(ledger, spec, bandit), bandit, spec)


def test_it_knows_the_better_arm(reported: BanditReport) -> None:
    assert (reported.decisions, reported.labelled, reported.revision) == (300, 300, 2)
    challenger = reported.beliefs[1]
    assert (challenger.arm, round(challenger.best, 2)) == ("challenger", 1.0)
    assert reported.happened["low"] < 0.89 < reported.happened["high"]
    assert reported.cost(1.0) == 0.0
    assert reported.cost(0.0) == 5000.0
    assert reported.cost(None) is None


def test_it_is_plain_json(reported: BanditReport) -> None:
    told = json.loads(json.dumps(reported.json(), allow_nan=False))
    assert told["beliefs"][1]["arm"] == "challenger"
    assert len(told["policies"]) == 4


def test_it_warns_of_few_labels_and_late_ones(drawing: Any, bandit: Bandit, spec: ProblemSpec) -> None:
    warnings = " ".join(report(drawing(days=3, labelled=0.4), bandit, spec).warnings)
    assert "champion has " in warnings
    assert "of the labels are not in" in warnings


def test_it_warns_of_small_probabilities(drawing: Any, bandit: Bandit, spec: ProblemSpec) -> None:
    warnings = " ".join(report(drawing(days=8, odds=lambda _: 0.96), bandit, spec).warnings)
    assert "The smallest probability is 0.04" in warnings
    assert "What is said of “champion alone” is worth" in warnings


def test_it_warns_where_times_explain_what_arms_do_not(drawing: Any, bandit: Bandit, spec: ProblemSpec) -> None:
    def errs(place: int, day: int) -> float:
        return (0.6 if day < 4 else 0.05) + (0.1 if place else 0.0)

    ledger = drawing(days=8, odds=lambda day: 0.2 if day < 4 else 0.8, errs=errs, seed=2)
    warnings = " ".join(report(ledger, bandit, spec).warnings)
    assert "By its own mean challenger is the best arm; weighed by the logged probabilities champion is." in warnings


def test_it_warns_where_only_plain_means_are_sure(drawing: Any, bandit: Bandit, spec: ProblemSpec) -> None:
    def errs(place: int, day: int) -> float:
        return (0.5 if day < 4 else 0.05) + (0.0 if place else 0.02)

    ledger = drawing(days=8, odds=lambda day: 0.3 if day < 4 else 0.9, errs=errs, seed=2)
    found = report(ledger, bandit, spec)
    assert found.beliefs[1].best > 0.99
    champion, challenger = (row["doubly_robust"] for row in found.policies[:2])
    assert champion["value"] < challenger["value"], "the same arm leads in both"
    assert champion["high"] > challenger["low"]
    (warning,) = (one for one in found.warnings if "overlap" in one)
    assert warning.startswith("By plain means challenger is the best arm with 100.0")
    for one in (champion, challenger):
        assert f"{one['value']:.3f} ({one['low']:.3f} to {one['high']:.3f})" in warning


def test_beliefs_that_are_not_sure_need_no_warning(drawing: Any, bandit: Bandit, spec: ProblemSpec) -> None:
    found = report(drawing(days=8, odds=lambda _: 0.5, errs=lambda place, _: 0.3 - 0.02 * place), bandit, spec)
    assert max(one.best for one in found.beliefs) < 0.95
    assert not [one for one in found.warnings if "overlap" in one]


def test_a_good_bandit_is_not_warned_of(drawing: Any, bandit: Bandit, spec: ProblemSpec) -> None:
    assert report(drawing(days=8, odds=lambda _: 0.5), bandit, spec).warnings == ()


def test_without_labels_there_is_little_to_tell(drawing: Any, bandit: Bandit, spec: ProblemSpec) -> None:
    found = report(drawing(labelled=0.0), bandit, spec)
    assert (found.labelled, found.policies, found.happened) == (0, [], {"value": None})
    assert json.dumps(found.json(), allow_nan=False)


def test_a_bandit_that_decided_nothing_is_told_as_such(drawing: Any, bandit: Bandit, spec: ProblemSpec) -> None:
    with pytest.raises(DataError, match="has decided nothing"):
        report(drawing(days=0), bandit, spec)
