"""Compare the candidates of a problem and choose one."""

from pipelines.job import Job
from pipelines.models.candidates import missing_package
from pipelines.models.folds import make_folds
from pipelines.models.frame import read_rows
from pipelines.tune.arena import Arena
from pipelines.tune.choice import choose
from pipelines.tune.evidence import coefficient_paths, drop_one, is_traceable
from pipelines.tune.leaderboard import Entry, as_trial, rank, skipped, summarise
from pipelines.tune.pace import Pace
from pipelines.tune.resampling import choose_imbalance, compare_imbalance
from pipelines.tune.search import count_trials, search
from pipelines.tune.study import TrialLog, study_name
from pipelines.tune.workers import Work, Workers
from understudy.files import sha256_file, write_json
from understudy.problem import Candidate, ProblemSpec


def run(job: Job) -> None:
    """Write ``leaderboard``, ``choice``, ``trials``, ``imbalance``, ``groups``, ``folds`` and ``coefficient_path``.

    Finished trials are kept in ``studies`` below the project's home, so that a run that was killed goes on where it
    stood and ends with the same choice.

    Raises:
        DataError: the training rows do not make the folds.
        SpecError: a candidate cannot be built.
        MachineError: the search took longer than ``tuning.timeout``, or one of its processes was killed.
        StageError: a fit failed for a reason that nobody foresaw.
    """
    spec = job.spec.fastened() if job.profile == "fast" else job.spec
    path = job.input("split", "train.parquet")
    rows = read_rows(path, spec).sample(spec.tuning.rows, spec.seed)
    arena = Arena(spec, rows, make_folds(rows, spec))
    pace = Pace(job.progress, spec.tuning.timeout, _steps(spec))
    with Workers(arena, job.settings.threads) as workers:
        entries = _compare(job, arena, workers, pace, sha256_file(path))
        _write(job, arena, workers, pace, entries)


def _compare(job: Job, arena: Arena, workers: Workers, pace: Pace, data: str) -> list[Entry]:
    """All candidates, best first. Long searches begin: those of most trials, and of these what the YAML lists last."""
    spec, database = arena.spec, job.settings.home / "studies" / f"{arena.spec.name}.db"

    def look(candidate: Candidate) -> Work[Entry]:
        log = TrialLog(database, study_name(spec, candidate, job.profile, data))
        trials = yield from search(candidate, arena, log, pace)
        return summarise(candidate, trials, spec.tuning.metric)

    able = [candidate for candidate in spec.candidates if not missing_package(candidate)]
    shortest_first = sorted(able, key=lambda candidate: count_trials(candidate, spec.tuning))
    found = {entry.candidate.name: entry for entry in workers.run(map(look, reversed(shortest_first)))}
    unable = [skipped(c, f"{missing_package(c)} is not installed") for c in spec.candidates if c not in able]
    return rank([*(found[candidate.name] for candidate in able), *unable], spec.tuning.metric)


def _write(job: Job, arena: Arena, workers: Workers, pace: Pace, entries: list[Entry]) -> None:
    spec = arena.spec
    winner = choose(entries, spec.tuning)
    compared = compare_imbalance(winner.candidate, winner.params, arena, workers, pace)
    choice = {"candidate": winner.candidate.name, "params": winner.params, "imbalance": choose_imbalance(compared)}
    groups, paths = [], []
    if spec.tuning.drop_one:
        groups = drop_one(winner.candidate, winner.params, winner.folds, arena, workers, pace)
        traced = [entry for entry in entries if entry.status == "ok" and is_traceable(entry.candidate)]
        paths = coefficient_paths(traced, workers, pace)
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
