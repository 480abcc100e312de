"""What a person should do next, from what the readings say together."""

from collections.abc import Iterable, Iterator, Sequence

from understudy.records import Alert, Reading, Snapshot

CALM = "Nothing points at the model or its data: look at the window's report, and wait for the next window."


def next_step(alert: Alert, snapshot: Snapshot, suspects: Sequence[str]) -> str:
    """One piece of advice: the surest kind of fault first, since it explains the others."""
    return next(_advice(alert, snapshot, suspects), CALM)


def _advice(alert: Alert, snapshot: Snapshot, suspects: Sequence[str]) -> Iterator[str]:
    problem, moment = snapshot.problem, f"{snapshot.as_of:%Y-%m-%dT%H:%M}"
    if alert.action != "investigate" and "what" in alert.outcome:
        yield from _after(alert)
    if _beyond(snapshot, "service.constant"):
        yield f"The model answers a constant: `understudy rollback --problem {problem}`, then look at its inputs."
    if _beyond(snapshot, "skew."):
        named = _named(_skewed(snapshot), suspects)
        yield f"Serving and training differ ({named}): mend that before any training, which would learn the fault."
    if stale := _beyond(snapshot, "service.stale."):
        views = sum(reading.name.startswith("service.stale.") for reading in snapshot.readings)
        every = len(stale) == views > 1
        clock = " All of them at once: see first whether the requests' own clock is right." if every else ""
        yield f"Features went stale: `understudy materialise --problem {problem}`, and see why it stopped.{clock}"
    if broken := _beyond(snapshot, "data."):
        fields = ", ".join(dict.fromkeys(reading.name.rpartition(".")[2] for reading in broken[:3]))
        yield f"Requests differ from what training saw ({fields}): ask who sends them, before retraining on a fault."
    worse, drifted = _is_worse(snapshot), _beyond(snapshot, "drift.")
    if worse:
        why = "and its inputs have drifted" if drifted else "while its inputs have not: what they mean has changed"
        yield f"The model got worse, {why}: `understudy train --problem {problem} --as-of {moment}`."
    named = _named(_moved(drifted), suspects)
    if drifted and snapshot.labelled:
        yield f"The world moved ({named}), and the model keeps up: watch cost and Brier, and do not retrain for this."
    if drifted:
        yield f"The world moved ({named}), and no label is in yet: look at the estimates, and again when labels land."
    if any(_is_past(reading) for reading in snapshot.readings if reading.name.startswith("service.")):
        yield f"The service is not well: `understudy route --problem {problem} --kill` leaves the champion alone."


def _after(alert: Alert) -> Iterator[str]:
    outcome = alert.outcome
    if outcome.get("fix"):
        yield str(outcome["fix"])
    elif "error" in outcome:
        yield f"The action itself failed, and nothing was changed: see why, before {alert.problem} is next looked at."
    elif alert.action == "retrain" and not outcome.get("accepted"):
        yield "The gate refused what a training gave, so the champion stays: look for new features or other data."
    elif alert.action == "retrain" and outcome.get("revision"):
        yield "Wait: the new version rehearses in the shadow, and each window judges it beside the champion."
    elif outcome.get("revision"):
        yield f"See `understudy deployments --problem {alert.problem}`; the next window tells whether it helped."


def _named(names: Iterable[str], suspects: Sequence[str]) -> str:
    """Three of the names, those that are suspected most before the others."""
    places = {name: place for place, name in enumerate(suspects)}
    ranked = sorted(names, key=lambda name: places.get(name, len(places)))
    return ", ".join(ranked[:3]) or "see the readings"


def _skewed(snapshot: Snapshot) -> list[str]:
    return [row["input"] for row in snapshot.details.get("skew", {}).get("inputs", ()) if row["differ"]]


def _moved(drifted: Sequence[Reading]) -> list[str]:
    """Inputs that drifted; score and decision where no input did."""
    names = [reading.name.removeprefix("drift.") for reading in drifted if reading.name != "drift.columns"]
    return [name.removeprefix("input.") for name in names if name.startswith("input.")] or names


def _beyond(snapshot: Snapshot, prefix: str) -> list[Reading]:
    return [reading for reading in snapshot.readings if reading.name.startswith(prefix) and _is_past(reading)]


def _is_past(reading: Reading) -> bool:
    return reading.value is not None and reading.limit is not None and reading.value > reading.limit


def _is_worse(snapshot: Snapshot) -> bool:
    """Whether cost or Brier rose against the test rows, with confidence."""
    changes = (snapshot.reading(f"quality.{metric}.change") for metric in ("cost", "brier"))
    return any(change is not None and change.low is not None and change.low > 0 for change in changes)
