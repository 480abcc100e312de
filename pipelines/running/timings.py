"""How long each stage took last time, so that a run can say how long it will take."""

from collections.abc import Iterable
from pathlib import Path

from pipelines.job import Profile
from understudy.files import read_json, write_json

FIRST_GUESS = {
    "ingest": 2.0, "validate": 2.0, "featurize": 8.0, "split": 1.5, "probe": 6.0, "tune": 55.0, "train": 11.0,
    "evaluate": 14.0, "bundle": 4.0, "gate": 1.0, "register": 5.0,
}  # fmt: skip
"""Seconds of each stage of the flagship on two cores: what a first run goes by until it has been timed itself."""


class Timings:
    """Seconds of each stage, by profile, in ``home/timings/<problem>.json``."""

    def __init__(self, home: Path, problem: str, profile: Profile) -> None:
        self._path = home / "timings" / f"{problem}.json"
        self._profile = profile

    def known(self) -> dict[str, float]:
        """Seconds by stage: as last measured here, else a first guess."""
        return FIRST_GUESS | self._all().get(self._profile, {})

    def remember(self, stage: str, seconds: float) -> None:
        every = self._all()
        every.setdefault(self._profile, {})[stage] = round(seconds, 3)
        write_json(self._path, every)

    def _all(self) -> dict[str, dict[str, float]]:
        try:
            return dict(read_json(self._path))
        except (OSError, ValueError):
            return {}


def seconds_left(
    waiting: Iterable[str], known: dict[str, float], running: str | None, elapsed: float, share: float
) -> float | None:
    """Estimate the seconds until the last stage ends.

    The running stage counts as what its history leaves of it, or, without one, by the ``share`` that is
    done. None while a stage that is still to come was never measured.
    """
    ahead = [known.get(stage) for stage in waiting]
    if running is not None:
        ahead.append(_of_running(known.get(running), elapsed, share))
    total = 0.0
    for seconds in ahead:
        if seconds is None:
            return None
        total += seconds
    return total


def _of_running(usual: float | None, elapsed: float, share: float) -> float | None:
    if usual is not None:
        return max(usual - elapsed, 0.0)
    return elapsed * (1 - share) / share if share > 0 else None
