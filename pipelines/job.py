"""What a stage is given: the problem, the folders, and a way to say how far it is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from understudy.problem import ProblemSpec
from understudy.settings import Settings

Profile = Literal["full", "fast"]
Progress = Callable[[float, str], None]
"""Called with the share of the stage that is done (0 to 1) and a few words on what is under way."""

SHARED_STAGES = ("ingest", "validate", "featurize", "split", "probe")
"""Stages whose results do not depend on the profile."""
POINT_IN_TIME_STAGES = ("ingest", "validate", "featurize")
"""Stages that say of a row only what was known at its own time: a retraining takes over what they said."""


def silent(share: float, words: str) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class Job:
    """One stage of one problem: read from ``input``, write into ``out``."""

    spec: ProblemSpec
    settings: Settings
    profile: Profile = "full"
    progress: Progress = field(default=silent, repr=False)
    out: Path = Path()
    """Empty folder to fill; it becomes the stage's folder once the stage returns."""
    as_of: datetime | None = None
    """Moment of a retraining, UTC without zone; what was not known by then is in none of its folders."""

    def folder(self, stage: str) -> Path:
        """Where a stage's results stand: ``data/<problem>/<stage>``, or below ``var/fast`` or ``var/retrain``."""
        if self.as_of is not None:
            moment = self.as_of.isoformat().replace(":", "")
            return self.settings.home / "retrain" / self.spec.name / f"{moment}-{self.profile}" / stage
        if self.is_apart(stage):
            return self.settings.home / "fast" / self.spec.name / stage
        return self.settings.data / self.spec.name / stage

    def is_apart(self, stage: str) -> bool:
        """Whether a stage's results are made outside of DVC's graph."""
        if self.as_of is not None:
            return stage not in POINT_IN_TIME_STAGES
        return self.profile == "fast" and stage not in SHARED_STAGES

    def input(self, stage: str, file: str) -> Path:
        """Path of a file that an earlier stage wrote."""
        return self.folder(stage) / file
