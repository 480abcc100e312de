"""Which entry of the leaderboard becomes the model."""

import numpy as np

from pipelines.models.scoring import sign
from pipelines.tune.leaderboard import Entry
from understudy.problem.learning import Tuning

SIMPLEST_FIRST = ("linear", "tree", "neighbours", "kernel", "bagging", "boosting")


def choose(entries: list[Entry], tuning: Tuning) -> Entry:
    """The best learned entry, or the simplest one that is as good within one standard error.

    The latter (Breiman et al. 1984, section 3.4.3) takes the standard error of the *paired* difference over the folds:
    folds of different seasons differ far more from each other than candidates do on the same fold. Baselines are in
    the leaderboard to be beaten, not to be chosen.
    """
    learned = [entry for entry in entries if entry.folds and entry.candidate.family != "baseline"]
    best = learned[0]
    if tuning.choose == "best":
        return best
    return min(
        (entry for entry in learned if within_one_error(best.folds, entry.folds, tuning.metric)),
        key=lambda entry: SIMPLEST_FIRST.index(entry.candidate.family),
    )


def within_one_error(best: list[float], other: list[float], metric: str) -> bool:
    """Whether the mean lead of ``best`` over ``other`` on the same folds is at most its standard error."""
    leads = sign(metric) * (np.array(best) - np.array(other))
    return bool(leads.mean() <= leads.std(ddof=1) / np.sqrt(len(leads)))
