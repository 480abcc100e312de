"""Trials that outlive the process: finished ones are kept, unfinished ones leave no trace."""

from importlib.metadata import version
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial

from pipelines.job import Profile
from understudy.files import sha256_json
from understudy.problem import Candidate, ProblemSpec

CODE_VERSION = 1
"""Raise it when a change of this code changes what a trial finds; studies of older code are then left behind."""

TUNING = {"metric", "sampler", "pruner", "folds", "fold_span", "rows"}
"""Settings of the search on which a trial's outcome depends; the number of trials is not one of them."""


def study_name(spec: ProblemSpec, candidate: Candidate, profile: Profile, data: str) -> str:
    """Name that changes with whatever a trial's outcome depends on; ``data`` is the hash of the training rows."""
    key = {
        "code": [CODE_VERSION, version("scikit-learn"), version("optuna")],
        "data": data,
        "profile": profile,
        "seed": spec.seed,
        "inputs": [item.model_dump(include={"name", "kind"}) for item in spec.inputs],
        "split": spec.split.model_dump(include={"method", "group"}),
        "candidate": candidate.model_dump(exclude={"trials"}),
        "tuning": spec.tuning.model_dump(include=TUNING),
    }
    return f"{profile}-{candidate.name}-{sha256_json(key)[:16]}"


class TrialLog:
    """Finished trials of one study in a SQLite file.

    A trial is written in one transaction once it is finished. So a process killed in the middle of one leaves nothing
    half-done behind, and the next process runs that very trial again.
    """

    def __init__(self, database: Path, name: str) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        database.parent.mkdir(parents=True, exist_ok=True)
        self._study = optuna.create_study(
            storage=f"sqlite:///{database}", study_name=name, direction="maximize", load_if_exists=True
        )

    def finished(self) -> list[FrozenTrial]:
        """The kept trials in the order in which they ran."""
        return sorted(self._study.get_trials(deepcopy=False), key=lambda trial: trial.number)

    def keep(self, trial: FrozenTrial) -> None:
        """Write one finished trial."""
        self._study.add_trial(trial)
