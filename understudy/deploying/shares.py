"""Percentages as people say them, and the shares of arms that they mean."""

from collections.abc import Iterable, Mapping

from understudy.errors import DeploymentError
from understudy.records import CHAMPION, Arm


def share_of(what: str, percent: float) -> float:
    """The share that a percentage is.

    Raises:
        DeploymentError: it is not between 0 and 100.
    """
    if not 0 <= percent <= 100:
        raise DeploymentError(f"The weight of {what} is {percent:g} %.", "Give a percentage between 0 and 100.")
    return percent / 100


def shares_of(now: Mapping[str, float], percents: Mapping[str, float]) -> dict[str, float]:
    """Shares of all arms, the champion's first, after those in ``percents`` were set.

    Raises:
        DeploymentError: a weight is not between 0 and 100, or they do not add up to 100.
    """
    shares = {**now, **{name: share_of(name, percent) for name, percent in percents.items()}}
    rest = 1 - sum(share for name, share in shares.items() if name != CHAMPION)
    if rest < -1e-9 or (CHAMPION in percents and abs(rest - shares[CHAMPION]) > 1e-6):
        total = sum(share for name, share in shares.items() if name != CHAMPION or name in percents)
        each = ", ".join(f"{name} {100 * share:.6g}" for name, share in shares.items())
        raise DeploymentError(
            f"The weights add up to {100 * total:.6g} % ({each}).",
            f"Make them 100, or leave {CHAMPION} out: it takes the rest.",
        )
    return {**shares, CHAMPION: max(rest, 0.0)}


def scaled(arms: Iterable[Arm], total: float) -> tuple[Arm, ...]:
    """The arms with their shares in the same proportions, adding up to ``total``."""
    arms = tuple(arms)
    others = tuple(arm.model_copy(update={"weight": arm.weight * total}) for arm in arms[1:])
    rest = max(total - sum(arm.weight for arm in others), 0.0)
    return (arms[0].model_copy(update={"weight": rest}), *others)


def free_name(wanted: str, taken: Iterable[str]) -> str:
    """``challenger``, or ``challenger-2`` where that is taken, and so on."""
    names = set(taken)
    number = 1
    while (name := wanted if number == 1 else f"{wanted}-{number}") in names:
        number += 1
    return name
