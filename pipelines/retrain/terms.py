"""A problem's terms for a retraining: which rows make which part, and what the gate asks."""

from datetime import datetime

from understudy.errors import SpecError
from understudy.problem import ProblemSpec, parse_span
from understudy.problem.split import Split

BACKWARDS = ("test", "validation", "calibration")
"""Parts before the moment, the last first; training rows are what comes before them."""


def spec_as_of(spec: ProblemSpec, moment: datetime) -> ProblemSpec:
    """The same problem, as ``monitoring.retraining`` has it: parts by spans back from a moment, gates of their own.

    Args:
        moment: UTC without zone, or in whatever the event times are; the test part ends before it.

    Raises:
        SpecError: the problem's rows have no time.
    """
    if spec.event_time is None:
        raise SpecError(
            f"{spec.name} cannot be trained as of a moment: its rows have no time.",
            "Give a column of the main table the role event_time, or leave the moment out.",
        )
    spans, until = spec.monitoring.retraining, {"test": moment}
    for part, before in zip(BACKWARDS, (*BACKWARDS[1:], "train"), strict=True):
        until[before] = until[part] - parse_span(getattr(spans, part))
    since = until["train"] - parse_span(spans.train) if spans.train else None
    parts = {part: until[part].isoformat() for part in ("train", *reversed(BACKWARDS))}
    split = Split(method="time", since=since.isoformat() if since else None, until=parts)
    return spec.model_copy(update={"split": split, "gates": spans.judged_by(spec.gates)})
