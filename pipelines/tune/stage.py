"""Compare the candidates of a problem and choose one."""

from pipelines.job import Job
from pipelines.models.candidates import missing_package
from pipelines.models.folds import make_folds
from pipelines.models.frame import read_rows
from pipelines.models.threads import limited
from pipelines.tune.arena import Arena
from pipelines.tune.choice import choose
from pipelines.tune.evidence import coefficient_paths, drop_one, is_traceable
from pipelines.tune.leaderboard import Entry, as_trial, rank, skipped, summarise
from pipelines.tune.pace import Pace
from pipelines.tune.resampling import choose_imbalance, compare_imbalance
from pipelines.tune.search import count_trials, search
from pipelines.tune.study import TrialLog, study_name
from understudy.files import sha256_file, write_json
from understudy.problem import ProblemSpec


def run(job: Job) -> None:
    """Write ``leaderboard``, ``choice``, ``trials``, ``imbalance``, ``groups``, ``folds`` and ``coefficient_path``.

    Finished trials are kept in ``studies`` below the project's home, so that a run that was killed goes on where it
    stood and ends with the same choice.

    Raises:
        DataError: the training rows do not make the folds.
        SpecError: a candidate cannot be built.
        MachineError: the search took longer than ``tuning.timeout``.
    """
    spec = job.spec.fastened() if job.profile == "fast" else job.spec
    path = job.input("split", "train.parquet")
    with limited(job.settings.threads):
        rows = read_rows(path, spec).sample(spec.tuning.rows, spec.seed)
        arena = Arena(spec, rows, make_folds(rows, spec), job.settings.threads)
        pace = Pace(job.progress, spec.tuning.timeout, _steps(spec))
        entries = _compare(job, spec, arena, pace, sha256_file(path))
        _write(job, spec, arena, pace, entries)


def _compare(job: Job, spec: ProblemSpec, arena: Arena, pace: Pace, data: str) -> list[Entry]:
    database = job.settings.home / "studies" / f"{spec.name}.db"
    entries = []
    for candidate in spec.candidates:
        if lacking := missing_package(candidate):
            entries.append(skipped(candidate, f"{lacking} is not installed"))
            continue
        log = TrialLog(database, study_name(spec, candidate, job.profile, data))
        entries.append(summarise(candidate, search(candidate, arena, log, pace), spec.tuning.metric))
    return rank(entries, spec.tuning.metric)


def _write(job: Job, spec: ProblemSpec, arena: Arena, pace: Pace, entries: list[Entry]) -> None:
    winner = choose(entries, spec.tuning)
    compared = compare_imbalance(winner.candidate, winner.params, arena, pace)
    choice = {"candidate": winner.candidate.name, "params": winner.params, "imbalance": choose_imbalance(compared)}
    groups = drop_one(winner.candidate, winner.params, winner.folds, arena, pace) if spec.tuning.drop_one else []
    traced = [entry for entry in entries if entry.status == "ok" and is_traceable(entry.candidate)]
    paths = coefficient_paths(traced, arena, pace) if spec.tuning.drop_one else []
    write_json(job.out / "leaderboard.json", [entry.json() for entry in entries])
    write_json(job.out / "trials.json", [as_trial(e.candidate, t, spec.tuning.metric) for e in entries for t in e.all])
    write_json(job.out / "choice.json", choice)
    write_json(job.out / "imbalance.json", compared)
    write_json(job.out / "groups.json", groups)
    write_json(job.out / "coefficient_path.json", paths)
    write_json(job.out / "folds.json", arena.describe_folds())


def _steps(spec: ProblemSpec) -> int:
    trials = sum(count_trials(c, spec.tuning) for c in spec.candidates if not missing_package(c))
    return trials + len(spec.tuning.imbalance)
