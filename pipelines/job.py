"""What a stage is given: the problem, the folders, and a way to say how far it is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from understudy.problem import ProblemSpec
from understudy.settings import Settings

Profile = Literal["full", "fast"]
Progress = Callable[[float, str], None]
"""Called with the share of the stage that is done (0 to 1) and a few words on what is under way."""

SHARED_STAGES = ("ingest", "validate", "featurize", "split", "probe")
"""Stages whose results do not depend on the profile."""


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

    def folder(self, stage: str) -> Path:
        """Where a stage's results stand: ``data/<problem>/<stage>``, or below ``var/fast``."""
        if self.profile == "fast" and stage not in SHARED_STAGES:
            return self.settings.home / "fast" / self.spec.name / stage
        return self.settings.data / self.spec.name / stage

    def input(self, stage: str, file: str) -> Path:
        """Path of a file that an earlier stage wrote."""
        return self.folder(stage) / file
