"""The shadow report: what a version would have answered, beside what was answered."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from monitoring.shadows.differences import by_day, decisions, quality, scores, speeds
from monitoring.shadows.pairs import Rehearsal, rehearsal
from monitoring.shadows.proof import Proof, prove
from monitoring.shadows.segments import examples, segments
from monitoring.window.read import Window
from understudy.problem import ProblemSpec, parse_span
from understudy.records import Deployment

ADVICE = {"canary": "promote to canary", "wait": "keep watching", "withdraw": "drop"}


@dataclass(frozen=True)
class ShadowReport:
    """All that is known of one shadow. Tables are plain data that JSON can hold; undefined figures are None."""

    problem: str
    name: str
    """Of its place in the deployment."""
    champion: int
    shadow: int
    since: datetime
    until: datetime
    """Of the window, by the problem's clock."""
    as_of: datetime
    """Labels that landed later do not count."""
    offered: int
    """Requests that the champion answered while the shadow stood beside it."""
    scored: int
    missing: int
    """Offered requests without a row of the shadow."""
    failures: dict[str, int]
    labelled: int
    decisions: dict[str, Any]
    scores: dict[str, Any]
    speeds: dict[str, Any]
    quality: dict[str, Any]
    days: list[dict[str, Any]]
    segments: dict[str, Any]
    examples: list[dict[str, Any]]
    proof: Proof

    @property
    def advice(self) -> str:
        """``promote to canary``, ``keep watching`` or ``drop``."""
        return ADVICE[self.proof.step]

    @property
    def failed(self) -> int:
        return sum(self.failures.values())

    def json(self) -> dict[str, Any]:
        plain = asdict(self) | {name: getattr(self, name).isoformat() for name in ("since", "until", "as_of")}
        differences = {
            name: interval.json() if interval else None
            for name, interval in (("dearer", self.proof.dearer), ("blurrier", self.proof.blurrier))
        }
        return plain | {"advice": self.advice, "proof": plain["proof"] | differences}


def shadow_report(
    window: Window, spec: ProblemSpec, champion: int, shadow: int, history: Sequence[Deployment] = ()
) -> ShadowReport:
    """Everything about one shadow in one window.

    Args:
        champion, shadow: versions.
        history: deployments; they tell which requests the shadow was offered. Without them, it is taken to have been
            offered those of the revisions that it has a row of.
    """
    placed = {one.revision: mine.name for one in history for mine in one.shadows if mine.version == shadow}
    block = parse_span(spec.evaluation.block)
    found = rehearsal(window.live.answers, window.shadows, champion, shadow, block, set(placed) or None)
    pairs = found.pairs
    enough = len(pairs.labelled) >= spec.monitoring.smallest
    facts = (_differences(found, window, spec) if len(pairs) else _nothing(spec)) | {
        "quality": quality(pairs.labelled, spec) if enough else {}
    }
    return ShadowReport(
        problem=spec.name,
        name=placed[max(placed)] if placed else "shadow",
        champion=champion,
        shadow=shadow,
        since=window.since,
        until=window.until,
        as_of=window.as_of,
        offered=found.offered,
        scored=len(pairs),
        missing=found.missing,
        failures=dict(found.failures),
        labelled=len(pairs.labelled),
        proof=prove(found, spec),
        **facts,
    )


def _differences(found: Rehearsal, window: Window, spec: ProblemSpec) -> dict[str, Any]:
    pairs = found.pairs
    resample = pairs.resample(spec.evaluation.bootstrap, spec.seed)
    return {
        "decisions": decisions(pairs, resample),
        "scores": scores(pairs, resample),
        "speeds": speeds(pairs),
        "days": by_day(pairs, spec),
        "segments": segments(pairs, window.live, spec, resample),
        "examples": examples(pairs, window.live),
    }


def _nothing(spec: ProblemSpec) -> dict[str, Any]:
    none = {"looked": 0, "smallest": spec.evaluation.smallest_segment, "rows": []}
    return {"decisions": {}, "scores": {}, "speeds": {}, "days": [], "segments": none, "examples": []}
