"""Writing a plan down."""

from datetime import datetime

from monitoring.experiments.plan import Plan, digest_of
from understudy.errors import DataError
from understudy.ports import WatchLog
from understudy.records import Experiment


def write(plan: Plan, log: WatchLog, who: str, why: str, at: datetime) -> Experiment:
    """Store a plan under its SHA-256; from here on it does not change.

    Raises:
        ConflictError: there is an experiment of that name.
        DataError: nobody said why.
    """
    if not why.strip():
        raise DataError("An experiment needs a question.", "Say with --why what is to be found out.")
    experiment = Experiment(
        problem=plan.problem,
        name=plan.name,
        plan=plan.model_dump(mode="json"),
        digest=digest_of(plan),
        who=who,
        why=why,
        planned_at=at,
    )
    return log.plan(experiment)
