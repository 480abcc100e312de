"""From what serves and what is asked for to the next revision: pure functions, no store."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from understudy.deploying.asked import Placement, Signature, require_sense
from understudy.deploying.ramps import ramp_of, rest_of
from understudy.deploying.shares import free_name, scaled, share_of, shares_of
from understudy.deploying.standing import require_deployed, require_live, require_shadow, unknown
from understudy.errors import DeploymentError
from understudy.records import CHALLENGER, CHAMPION, Arm, Deployment, Placed, Shadow, Version

SHADOW = "shadow"
CANARY_WEIGHT = 5.0
"""Percent that a canary gets, and 50 an arm of an experiment, when nobody says."""


def deploy(current: Deployment | None, version: Version, placement: Placement, signature: Signature) -> Deployment:
    """Place a version.

    ``single`` makes it the only arm. A canary has one challenger: a new one takes the other's place. ``ab`` and
    ``bandit`` add an arm to those of the same mode. A shadow changes no arm. An unfinished ramp starts the step that
    it is in anew; the kill switch stays as it is unless one arm is left. A version that has a place already brings
    its threshold along.

    Raises:
        DeploymentError: the version may not serve so, there is no champion beside which to place it, it serves
            already, or a weight is not one.
    """
    require_sense(placement)
    if placement.mode == "shadow":
        return _with_shadow(_standing(current, version), version, signature)
    require_live(version)
    if placement.mode == "single":
        shadows = _without(current.shadows if current else (), version.digest)
        alone = (_arm(CHAMPION, version, 1.0, current),)
        return _next(current, version.problem, "deploy", signature, mode="single", arms=alone, shadows=shadows)
    return _with_challenger(_standing(current, version), version, placement, signature)


def promote(current: Deployment | None, problem: str, placed: Placed, signature: Signature) -> Deployment:
    """Make an arm or a shadow, as ``choose`` gives it, the single champion; other arms go, other shadows stay."""
    standing = require_deployed(current, problem)
    alone = (Arm(**{**placed.model_dump(), "name": CHAMPION, "weight": 1.0}),)
    shadows = _without(standing.shadows, placed.digest)
    return _next(standing, problem, "promote", signature, mode="single", arms=alone, shadows=shadows)


def choose(current: Deployment | None, problem: str, name: str | None = None) -> Placed:
    """The arm or shadow that a promotion means: the one called ``name``, else the only challenger, or only shadow.

    Raises:
        DeploymentError: there is none of that name, none at all, or several.
    """
    standing = require_deployed(current, problem)
    placed: dict[str, Placed] = {one.name: one for one in (*standing.arms[1:], *standing.shadows)}
    if name:
        if name not in placed:
            raise unknown(standing, name, placed)
        return placed[name]
    candidates: list[Placed] = list(standing.arms[1:] or standing.shadows)
    if not candidates:
        raise DeploymentError(f"{problem} has a champion and nothing beside it.", "`understudy deploy VERSION` first.")
    if len(candidates) > 1:
        names = ", ".join(f"{one.name} ({problem}/{one.version})" for one in candidates)
        raise DeploymentError(f"{problem} has several challengers: {names}.", "Name the one that you mean.")
    return candidates[0]


def route(current: Deployment | None, problem: str, weights: Mapping[str, float], signature: Signature) -> Deployment:
    """Change the weights, in percent. The champion, where it is left out, takes the rest; other arms keep theirs.

    A canary that was ramping stays at its new weight.

    Raises:
        DeploymentError: an arm is unknown, a weight is not between 0 and 100, they do not add up to 100, or a
            bandit sets them itself.
    """
    standing = require_deployed(current, problem)
    if standing.mode == "bandit":
        raise DeploymentError(
            f"{problem} is served by a bandit, which sets its weights itself.",
            "`understudy promote` or `understudy deploy VERSION --mode ab` ends that.",
        )
    known = {arm.name: arm for arm in standing.arms}
    for name in weights:
        if name not in known:
            raise unknown(standing, name, known)
    now = dict(zip(known, _shares(standing, signature.at), strict=True))
    shares = shares_of(now, weights)
    arms = tuple(arm.model_copy(update={"weight": shares[arm.name]}) for arm in standing.arms)
    return _changed(standing, "route", signature, arms=arms, ramp=None)


def drop(current: Deployment | None, problem: str, name: str, signature: Signature) -> Deployment:
    """Take an arm or a shadow out; an arm's share goes to the champion.

    Raises:
        DeploymentError: there is none of that name, or it is the champion.
    """
    standing = require_deployed(current, problem)
    others: dict[str, Placed] = {one.name: one for one in (*standing.arms[1:], *standing.shadows)}
    if name not in others:
        raise unknown(standing, name, others)
    shadows = tuple(shadow for shadow in standing.shadows if shadow.name != name)
    if len(shadows) < len(standing.shadows):
        return _changed(standing, "route", signature, shadows=shadows)
    kept = tuple(arm for arm in standing.arms[1:] if arm.name != name)
    champion = standing.champion.model_copy(update={"weight": 1.0 - sum(arm.weight for arm in kept)})
    single: dict[str, Any] = {} if kept else {"mode": "single", "killed": False, "experiment": ""}
    return _changed(standing, "route", signature, arms=(champion, *kept), ramp=None, **single)


def kill(current: Deployment | None, problem: str, on: bool, signature: Signature) -> Deployment:
    """Throw the kill switch, or resume; arms and weights stay recorded. A killed ramp waits where it is."""
    return _changed(require_deployed(current, problem), "kill" if on else "route", signature, killed=on)


def threshold(
    current: Deployment | None, problem: str, name: str, value: float | None, signature: Signature
) -> Deployment:
    """Let an arm or a shadow decide at ``value``, in the place of its bundle's threshold; None ends that.

    It holds for that version as long as it has a place, whichever; a version that takes its place brings its own.

    Raises:
        DeploymentError: there is none of that name, ``value`` is not from 0 to 1, or nothing would change.
    """
    standing = require_deployed(current, problem)
    if name not in (placed := {one.name: one.threshold for one in (*standing.arms, *standing.shadows)}):
        raise unknown(standing, name, placed)
    if value is not None and not 0 <= value <= 1:
        raise DeploymentError(f"A threshold of {value:g} is no probability.", "Give a number from 0 to 1, or `bundle`.")
    if placed[name] == value:
        at = "its bundle's threshold" if value is None else f"{value:g}"
        raise DeploymentError(f"The {name} of {problem} decides at {at} already.", "There is nothing to change.")
    arms, shadows = (
        tuple(one.model_copy(update={"threshold": value}) if one.name == name else one for one in places)
        for places in (_ramped(standing, signature.at), standing.shadows)
    )
    return _changed(standing, "threshold", signature, arms=arms, shadows=shadows)


def restore(current: Deployment, past: Deployment, signature: Signature, rejected: Collection[int] = ()) -> Deployment:
    """A new revision that is what ``past`` was, less the shadows rejected since. A ramp starts from its beginning."""
    shadows = tuple(shadow for shadow in past.shadows if shadow.version not in rejected)
    what = {"revision": current.revision + 1, "change": "rollback", "restores": past.revision, "shadows": shadows}
    return _valid(past.model_dump() | what | vars(signature))


def _with_shadow(standing: Deployment, version: Version, signature: Signature) -> Deployment:
    require_shadow(version)
    _require_new(standing, version, (*standing.arms, *standing.shadows))
    shadow = Shadow(name=free_name(SHADOW, _names(standing)), version=version.number, digest=version.digest)
    return _changed(standing, "deploy", signature, shadows=(*standing.shadows, shadow))


def _with_challenger(standing: Deployment, version: Version, placement: Placement, signature: Signature) -> Deployment:
    joins = placement.mode == standing.mode != "canary"
    _require_new(standing, version, standing.arms if joins else standing.arms[:1])
    shadows = _without(standing.shadows, version.digest)
    beside = standing.arms if joins else (standing.champion.model_copy(update={"weight": 1.0}),)
    names = {placed.name for placed in (*beside, *shadows)}
    default = CANARY_WEIGHT if placement.mode == "canary" else 50.0
    percent = placement.ramp[0] if placement.ramp else default if placement.weight is None else placement.weight
    share = share_of("the new arm", percent)
    arms = (*scaled(beside, 1 - share), _arm(free_name(CHALLENGER, names), version, share, standing))
    experiment = placement.experiment or (standing.experiment if joins else "")
    return _changed(
        standing,
        "deploy",
        signature,
        mode=placement.mode,
        arms=arms,
        shadows=shadows,
        ramp=ramp_of(placement.ramp, placement.hold),
        experiment=experiment,
        salt=_salt(standing, experiment),
    )


def _salt(standing: Deployment, experiment: str) -> str:
    """A new one for a new experiment: with the last one's, its arms would inherit what that did to the units."""
    fresh = experiment and experiment != standing.experiment
    return f"{standing.problem}/{experiment}/{standing.revision + 1}" if fresh else standing.salt


def _changed(standing: Deployment, change: str, signature: Signature, **update: Any) -> Deployment:
    """The next revision: as it stands, but for ``update``. What is left of a ramp is part of how it stands."""
    ramp = rest_of(standing, signature.at)
    kept = {"ramp": ramp.model_dump() if ramp else None, "arms": _ramped(standing, signature.at)}
    what = {"revision": standing.revision + 1, "change": change, "restores": None}
    return _valid(standing.model_dump() | kept | what | vars(signature) | update)


def _next(current: Deployment | None, problem: str, change: str, signature: Signature, **what: Any) -> Deployment:
    """The next revision with nothing kept but the salt."""
    revision, salt = (current.revision + 1, current.salt) if current else (1, problem)
    return _valid({"problem": problem, "revision": revision, "salt": salt, "change": change} | vars(signature) | what)


def _valid(values: dict[str, Any]) -> Deployment:
    return Deployment.model_validate(values)


def _ramped(standing: Deployment, at: datetime) -> tuple[Arm, ...]:
    shares = _shares(standing, at)
    return tuple(arm.model_copy(update={"weight": w}) for arm, w in zip(standing.arms, shares, strict=True))


def _shares(standing: Deployment, at: datetime) -> tuple[float, ...]:
    """The recorded shares, whether or not the kill switch is on; a ramp's are those of the step that it is in."""
    ramp = rest_of(standing, at)
    return (1 - ramp.shares[0], ramp.shares[0]) if ramp else tuple(arm.weight for arm in standing.arms)


def _standing(current: Deployment | None, version: Version) -> Deployment:
    return require_deployed(current, version.problem)


def _require_new(standing: Deployment, version: Version, places: Iterable[Placed]) -> None:
    for placed in places:
        if placed.digest == version.digest:
            raise DeploymentError(
                f"{_name(version)} serves already, as {placed.name} of revision {standing.revision}.",
                "`understudy route` changes the weights, `understudy promote` makes it the champion.",
            )


def _arm(name: str, version: Version, weight: float, current: Deployment | None) -> Arm:
    places = (*current.arms, *current.shadows) if current else ()
    kept = next((placed.threshold for placed in places if placed.digest == version.digest), None)
    return Arm(name=name, version=version.number, digest=version.digest, weight=weight, threshold=kept)


def _without(shadows: Iterable[Shadow], digest: str) -> tuple[Shadow, ...]:
    return tuple(shadow for shadow in shadows if shadow.digest != digest)


def _names(standing: Deployment) -> set[str]:
    return {placed.name for placed in (*standing.arms, *standing.shadows)}


def _name(version: Version) -> str:
    return f"{version.problem}/{version.number}"
