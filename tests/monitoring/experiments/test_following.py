"""Reading what is new gives what reading everything gives."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from laboratory import Behaviour, Laboratory

from monitoring.experiments import following as module
from monitoring.experiments.following import Following
from monitoring.experiments.outcomes import Asked, read_outcomes

pytestmark = pytest.mark.unit

ASKED = Asked(("town",))


class Spied:
    """A ledger that remembers from when on it was read."""

    def __init__(self, ledger: Any) -> None:
        self.ledger, self.since = ledger, []  # type: ignore[var-annotated]

    def answers(self, problem: str, since: datetime, *rest: Any) -> Any:
        self.since.append(since)
        return self.ledger.answers(problem, since, *rest)


def alike(lab: Laboratory, following: Following) -> bool:
    history = [one for one in lab.log.history("toy") if one.revision >= 2]
    mine = following.read(history, ASKED)
    revisions = {one.revision for one in history}
    whole = read_outcomes(lab.ledger, lab.spec, history[-1], revisions, lab.spec.costs, ASKED)
    same = [getattr(mine, name).tolist() == getattr(whole, name).tolist() for name in ("arm", "own", "score", "unit")]
    return all(same) and list(mine.columns["town"]) == list(whole.columns["town"])


def test_new_rows_are_all_that_is_read_between_two_whole_readings(
    lab: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SHARE", 1e-9)
    canary = lab.deploy(2, "canary")
    ledger = Spied(lab.ledger)
    following = Following(ledger, lab.spec)  # type: ignore[arg-type]
    for _ in range(4):
        lab.answer(100, challenger=Behaviour(errors=0.3))
        assert alike(lab, following)
    assert ledger.since[0] == canary.at - module.SLACK
    assert ledger.since[1:] == [canary.at + timedelta(minutes=at) - module.LATE for at in (100, 200, 300)]


def test_labels_are_seen_when_everything_is_read_again(lab: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.deploy(2, "canary")
    lab.answer(100, labels=False)
    following = Following(lab.ledger, lab.spec)
    history = [one for one in lab.log.history("toy") if one.revision >= 2]
    assert not following.read(history, ASKED).labelled.any()
    lab.ledger.truths.update(dict.fromkeys(lab.ledger.kept, 1.0))
    monkeypatch.setattr(following, "_whole_due", 0.0)
    assert following.read(history, ASKED).labelled.all()


def test_another_competition_is_read_from_its_beginning(lab: Laboratory) -> None:
    following = Following(lab.ledger, lab.spec)
    for version in (2, 3):
        lab.deploy(version, "canary")
        lab.answer(40)
        newest = lab.log.newest("toy")
        assert newest is not None
        assert len(following.read([newest], ASKED)) == 40
