"""A ledger in memory."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from understudy.errors import DataError, UnderstudyError
from understudy.records import ArmReward, Label, LabelOutcome, Prediction


class FakeLedger:
    """Implements ``understudy.ports.Ledger``; ``failing`` makes every append raise it while it is set."""

    def __init__(self) -> None:
        self.kept: dict[str, Prediction] = {}
        self.labels: list[tuple[Label, bool]] = []
        """Each stored label, and whether it contradicts an earlier one."""
        self._by_name: dict[tuple[str, str], list[int]] = {}
        """Places of labels by the prediction, and by the key, that they name."""
        self.groups: list[int] = []
        """Sizes of the batches that were appended."""
        self.failing: UnderstudyError | None = None
        self.settled = 0

    def append(self, predictions: Sequence[Prediction]) -> None:
        if self.failing:
            raise self.failing
        self.groups.append(len(predictions))
        for prediction in predictions:
            self.kept.setdefault(prediction.id, prediction)

    def prediction(self, prediction_id: str) -> dict[str, Any] | None:
        found = self.kept.get(prediction_id)
        return asdict(found) if found else None

    def tail(self, problem: str, limit: int = 20) -> list[dict[str, Any]]:
        return [row for rows in self.read(problem) for row in rows][-limit:]

    def label(self, labels: Sequence[Label]) -> tuple[LabelOutcome, ...]:
        if any(not (label.prediction or label.key) for label in labels):
            raise DataError("A label names neither a prediction nor a key.", "Give one of the two.")
        return tuple(self._label(label) for label in labels)

    def rewards(self, problem: str, since_revision: int, costs: Mapping[str, float]) -> tuple[ArmReward, ...]:
        rows = [
            row for rows in self.read(problem) for row in rows
            if row["standing"] == "live" and row["revision"] >= since_revision and row["label"] is not None
        ]  # fmt: skip
        rows.sort(key=lambda row: str(row["arm"]))
        return tuple(
            ArmReward(arm, len(of_arm := list(some)), sum(_worth(row, costs) for row in of_arm))
            for arm, some in groupby(rows, key=lambda row: str(row["arm"]))
        )

    def read(
        self, problem: str, since: datetime | None = None, until: datetime | None = None, chunk: int = 10_000
    ) -> Iterator[list[dict[str, Any]]]:
        start, end = since or datetime.min, until or datetime.max
        mine = [p for p in self.kept.values() if p.problem == problem and start <= p.at < end]
        rows = [self._labelled(p) for p in sorted(mine, key=lambda p: (p.at, p.id))]
        yield from (rows[at : at + chunk] for at in range(0, len(rows), chunk))

    def answers(
        self,
        problem: str,
        since: datetime,
        revision: int,
        request: Sequence[str] = (),
        inputs: Sequence[str] = (),
        chunk: int = 10_000,
    ) -> Iterator[list[dict[str, Any]]]:
        rows = [
            {
                **{name: value for name, value in row.items() if name != "contradicted"},
                "request": {name: row["request"].get(name) for name in request},
                "inputs": {name: row["inputs"].get(name) for name in inputs},
            }
            for some in self.read(problem, since)
            for row in some
            if row["standing"] == "live" and row["revision"] >= revision
        ]
        yield from (rows[at : at + chunk] for at in range(0, len(rows), chunk))

    def window(
        self, problem: str, since: datetime, until: datetime, as_of: datetime, chunk: int = 10_000
    ) -> Iterator[list[dict[str, Any]]]:
        mine = [p for p in self.kept.values() if p.problem == problem and since <= (p.event_time or p.at) < until]
        rows = [self._labelled(p) for p in sorted(mine, key=lambda p: (p.event_time or p.at, p.id))]
        for row in rows:
            if row["labelled_at"] is not None and row["labelled_at"] > as_of:
                row.update(label=None, labelled_at=None)
        yield from (rows[at : at + chunk] for at in range(0, len(rows), chunk))

    def clock(self, problem: str) -> datetime | None:
        return max((p.event_time or p.at for p in self.kept.values() if p.problem == problem), default=None)

    def counts(self, problem: str, since: datetime | None = None) -> list[dict[str, Any]]:
        rows = [row for rows in self.read(problem, since) for row in rows]
        places = sorted({(row["version"], row["arm"], row["standing"]) for row in rows})
        return [
            _counted(place, [row for row in rows if (row["version"], row["arm"], row["standing"]) == place])
            for place in places
        ]

    def erase_unit(self, problem: str, unit: str) -> int:
        mine = {p.id for p in self.kept.values() if p.problem == problem and unit and (p.unit or p.key) == unit}
        self._keep([pair for pair in self.labels if not unit or pair[0].key != unit])
        return self._erase(mine)

    def retain(self, problem: str, before: datetime) -> int:
        return self._erase({p.id for p in self.kept.values() if p.problem == problem and p.at < before})

    def settle(self) -> None:
        self.settled += 1

    def close(self) -> None:
        pass

    def _label(self, label: Label) -> LabelOutcome:
        known = [self.labels[place] for place in self._places(label.prediction, label.key)]
        same = [first for first, contradicts in known if not contradicts and _subject(first) == _subject(label)]
        if same and same[0].value == label.value:
            return "repeated"
        if (label, True) not in known:
            self._add(label, bool(same))
        return "contradicts" if same else "stored"

    def _labelled(self, prediction: Prediction) -> dict[str, Any]:
        subject = prediction.live or prediction.id
        mine = [self.labels[place] for place in self._places(subject, prediction.key)]
        standing = next((label for label, contradicts in mine if not contradicts), None)
        return {
            **asdict(prediction),
            "label": standing.value if standing else None,
            "labelled_at": (standing.landed_at or datetime.now(UTC).replace(tzinfo=None)) if standing else None,
            "contradicted": any(contradicts for _, contradicts in mine),
        }

    def _erase(self, ids: set[str]) -> int:
        gone = [self.kept.pop(one) for one in ids]
        keys = {p.key for p in gone if p.key} - {p.key for p in self.kept.values()}
        self._keep([pair for pair in self.labels if pair[0].prediction not in ids and pair[0].key not in keys])
        return len(gone)

    def _add(self, label: Label, contradicts: bool) -> None:
        for name in (("prediction", label.prediction), ("key", label.key)):
            self._by_name.setdefault(name, []).append(len(self.labels))
        self.labels.append((label, contradicts))

    def _places(self, prediction: str, key: str) -> list[int]:
        names = [name for name in (("prediction", prediction), ("key", key)) if name[1]]
        return sorted({place for name in names for place in self._by_name.get(name, ())})

    def _keep(self, labels: list[tuple[Label, bool]]) -> None:
        self.labels, self._by_name = [], {}
        for label, contradicts in labels:
            self._add(label, contradicts)


def _subject(label: Label) -> tuple[str, str, str]:
    return label.problem, label.prediction, label.key


def _worth(row: dict[str, Any], costs: Mapping[str, float]) -> float:
    right = "true" if row["decision"] == (row["label"] >= 0.5) else "false"
    return 1 - costs[f"{right}_{'positive' if row['decision'] else 'negative'}"] / max(costs.values())


def _counted(place: tuple[Any, ...], rows: list[dict[str, Any]]) -> dict[str, Any]:
    scores = [row["score"] for row in rows if row["score"] is not None]
    decisions = [row["decision"] for row in rows if row["decision"] is not None]
    return {
        **dict(zip(("version", "arm", "standing"), place, strict=True)),
        "predictions": len(rows),
        "labels": sum(row["label"] is not None for row in rows),
        "fallbacks": sum(bool(row["fallback"]) for row in rows),
        "errors": sum(bool(row["error"]) for row in rows),
        "mean_score": sum(scores) / len(scores) if scores else None,
        "share_flagged": sum(decisions) / len(decisions) if decisions else None,
        "odd": sum(bool(row["flags"]) for row in rows),
    }
