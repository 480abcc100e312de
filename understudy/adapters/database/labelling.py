"""What came true: storing it, and what it says of each arm."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, func, select, text
from sqlalchemy.dialects import postgresql, sqlite

from understudy.adapters.database.reading import VALUE, join_by_hash, labelled, p
from understudy.adapters.database.schema import labels
from understudy.errors import DataError
from understudy.records import ArmReward, Label, LabelOutcome

Subject = tuple[str, str, str]
"""Problem, prediction id and business key, of which one is empty."""
TURN = 7_355_608_415
"""Advisory lock of PostgreSQL under which one transaction at a time stores labels, so that one label is first."""
SLICE = 500


def refuse_unaddressed(given: Iterable[Label]) -> None:
    """
    Raises:
        DataError: a label names neither a prediction nor a key, or its value is no number.
    """
    for label in given:
        if not (label.prediction or label.key):
            raise DataError("A label names neither a prediction nor a key.", "Give one of the two.")
        if label.value != label.value:
            raise DataError(f"The label of {label.prediction or label.key} is not a number.", "Give what came true.")


def store(connection: Connection, given: Sequence[Label], now: datetime) -> tuple[LabelOutcome, ...]:
    """Store labels, each judged against what stands for its prediction, by whichever name that was labelled."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": TURN})
    subjects = [_subject(label) for label in given]
    kin = _kin(connection, set(subjects))
    standing = _standing(connection, {*subjects, *(one for many in kin.values() for one in many)})
    outcomes: list[LabelOutcome] = []
    rows = []
    for label, subject in zip(given, subjects, strict=True):
        outcome = _outcome(label, subject, standing, kin)
        outcomes.append(outcome)
        if outcome != "repeated":
            rows.append(_row(label, subject, now, outcome))
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    if rows:
        connection.execute(dialect.insert(labels).on_conflict_do_nothing(), rows)
    return tuple(outcomes)


def rewards(
    connection: Connection, problem: str, since_revision: int, costs: Mapping[str, float]
) -> tuple[ArmReward, ...]:
    """Sum up what each arm's labelled live decisions were worth, each between 0 (the worst) and 1."""
    query = (
        select(p.arm, p.decision, VALUE, func.count())
        .select_from(labelled(p.id))
        .where(p.problem == problem, p.standing == "live", p.revision >= since_revision)
        .where(VALUE.is_not(None), p.decision.is_not(None))
        .group_by(p.arm, p.decision, VALUE)
    )
    join_by_hash(connection)
    decisions: dict[str, int] = {}
    reward: dict[str, float] = {}
    for arm, decision, value, count in connection.execute(query):
        decisions[arm] = decisions.get(arm, 0) + count
        reward[arm] = reward.get(arm, 0.0) + count * _worth(decision, value, costs)
    return tuple(ArmReward(arm, decisions[arm], reward[arm]) for arm in sorted(decisions))


def _worth(decision: bool, value: float, costs: Mapping[str, float]) -> float:
    """1 - cost / largest cost; where some costs are negative, as gains, from 0 for the worst to 1 for the best."""
    outcome = f"{'true' if decision == (value >= 0.5) else 'false'}_{'positive' if decision else 'negative'}"
    worst, best = max(costs.values()), min(0.0, *costs.values())
    return (worst - costs[outcome]) / (worst - best) if worst > best else 1.0


def _subject(label: Label) -> Subject:
    return (label.problem, label.prediction, "" if label.prediction else label.key)


def _row(label: Label, subject: Subject, now: datetime, outcome: LabelOutcome) -> dict[str, Any]:
    problem, prediction, key = subject
    return {
        "problem": problem,
        "prediction": prediction,
        "key": key,
        "value": label.value,
        "landed_at": label.landed_at or now,
        "received_at": now,
        "source": label.source,
        "contradicts": outcome == "contradicts",
    }


def _outcome(
    label: Label, subject: Subject, standing: dict[Subject, float], kin: Mapping[Subject, Collection[Subject]]
) -> LabelOutcome:
    """Judge a label, and let it stand if it is the first; one under another name only contradicts or does not."""
    if subject in standing:
        return "repeated" if standing[subject] == label.value else "contradicts"
    if any(standing.get(other, label.value) != label.value for other in kin.get(subject, ())):
        return "contradicts"
    standing[subject] = label.value
    return "stored"


def _kin(connection: Connection, subjects: Collection[Subject]) -> dict[Subject, list[Subject]]:
    """The other names under which the same predictions may be labelled: keys of ids, ids of keys."""
    kin: dict[Subject, list[Subject]] = {}
    for problem, ids, keys in _slices(subjects):
        # Not by problem and id: the problem's index would be searched for want of knowing how little it tells.
        for named in (p.id.in_(ids), and_(p.problem == problem, p.key.in_(keys))):
            query = select(p.problem, p.id, p.key).where(named, p.live == "", p.key != "")
            for of, prediction, key in connection.execute(query):
                kin.setdefault((of, prediction, ""), []).append((of, "", key))
                kin.setdefault((of, "", key), []).append((of, prediction, ""))
    return kin


def _standing(connection: Connection, subjects: Collection[Subject]) -> dict[Subject, float]:
    c = labels.c
    found: dict[Subject, float] = {}
    for problem, ids, keys in _slices(subjects):
        for named in (and_(c.prediction.in_(ids), c.key == ""), and_(c.prediction == "", c.key.in_(keys))):
            rows = connection.execute(
                select(c.prediction, c.key, c.value).where(c.problem == problem, named, ~c.contradicts)
            )
            found |= {(problem, prediction, key): value for prediction, key, value in rows}
    return found


def _slices(subjects: Collection[Subject]) -> Iterator[tuple[str, list[str], list[str]]]:
    """Ids and keys by problem, a few hundred at a time."""
    for problem in sorted({subject[0] for subject in subjects}):
        mine = sorted(subject for subject in subjects if subject[0] == problem)
        for start in range(0, len(mine), SLICE):
            some = mine[start : start + SLICE]
            yield problem, [s[1] for s in some if s[1]], [s[2] for s in some if s[2]]
