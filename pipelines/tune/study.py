"""Trials that outlive the process: finished ones are kept, unfinished ones leave no trace."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial

from pipelines.job import Profile
from understudy.files import sha256_file, sha256_json
from understudy.problem import Candidate, ProblemSpec

ROOT = Path(__file__).resolve().parents[2]
CODE = ("pipelines/models", "pipelines/tune", "understudy/statistics")
"""Folders whose code decides what a trial finds; studies of other code are left behind."""
LIBRARIES = ("numpy", "scikit-learn", "optuna", "imbalanced-learn", "xgboost", "lightgbm", "catboost")

TUNING = {"metric", "sampler", "pruner", "folds", "fold_span", "rows"}
"""Settings of the search on which a trial's outcome depends; the number of trials is not one of them."""


def study_name(spec: ProblemSpec, candidate: Candidate, profile: Profile, data: str) -> str:
    """Name that changes with whatever a trial's outcome depends on; ``data`` is the hash of the training rows."""
    key = {
        "code": _code(),
        "data": data,
        "profile": profile,
        "seed": spec.seed,
        "inputs": [item.model_dump(include={"name", "kind"}) for item in spec.inputs],
        "split": spec.split.model_dump(include={"method", "group"}),
        "candidate": candidate.model_dump(exclude={"trials"}),
        "tuning": spec.tuning.model_dump(include=TUNING),
    }
    return f"{profile}-{candidate.name}-{sha256_json(key)[:16]}"


def _code() -> dict[str, str]:
    """Hash of each file of code and version of each library that trials run."""
    files = {
        str(path.relative_to(ROOT)): sha256_file(path) for folder in CODE for path in (ROOT / folder).rglob("*.py")
    }
    return files | {name: _version(name) for name in LIBRARIES}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


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
