"""The admin app's routes: changing what serves, from the machine itself or with a token."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.drill import LONGEST_DELAY, LONGEST_DRILL
from serving.http.problems import MediaTypeError, answer
from serving.http.reading import Reader
from serving.http.route import add_route, json_response
from serving.http.status import routing_of
from serving.service import Service
from understudy.deploying import Changed, Deployer, Placement
from understudy.errors import DeploymentError
from understudy.records import Approval, Deployment, Lineage, Verdict, Version

ERRORS = (400, 401, 409, 413, 415, 422, 503)
OBJECT = {"type": "object"}


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


Words = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]
ArmName = Annotated[str, Field(pattern="^[a-z][a-z0-9_-]{0,39}$")]
Number = Annotated[int, Field(ge=0, lt=2**31), BeforeValidator(_whole)]
"""JSON knows no difference between 1 and 1.0."""
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]


class Signed(BaseModel):
    """What every change says of itself."""

    model_config = ConfigDict(extra="forbid")

    who: Words
    why: Words
    based_on: Number | None = Field(default=None, description="revision that it is based on")


class Deploy(Signed):
    """Place a version that has served or shadowed before."""

    version: Number
    mode: Literal["single", "canary", "ab", "bandit", "shadow"] = "single"
    weight: Percent | None = Field(default=None, description="percent of the traffic")
    ramp: list[Percent] = Field(default=[], max_length=50, description="percentages of a canary, in turn")
    hold: float = Field(default=3600.0, gt=0, le=31_536_000, description="seconds that each of them is held")
    experiment: str = Field(default="", max_length=200, pattern=r"^[^\x00]*$")


class Promote(Signed):
    """Make an arm the champion."""

    name: ArmName | None = Field(default=None, description="the arm; default: the only challenger")


class Rollback(Signed):
    """Restore an old revision."""

    to: Number | None = Field(default=None, description="default: the last with another champion")


class Route(Signed):
    """Change the weights."""

    weights: dict[Words, Percent] = Field(
        min_length=1,
        max_length=50,
        description="percent by arm",
        json_schema_extra={"additionalProperties": False},  # pydantic says what names look like, and not that all do
    )


class Kill(Signed):
    """Send everything to the champion, or resume."""

    on: bool = True


class Drill(BaseModel):
    """Make an arm answer late for a while."""

    model_config = ConfigDict(extra="forbid")

    arm: ArmName = "champion"
    delay: float = Field(ge=0, le=LONGEST_DELAY, description="seconds; 0 ends the drill")
    seconds: float = Field(default=60.0, gt=0, le=LONGEST_DRILL, description="after which it ends by itself")


def add_admin(router: APIRouter, service: Service) -> None:
    """Add the routes."""
    _add_changes(router, service)
    _add_looks(router, service)
    _add_drill(router, service)


def _add_changes(router: APIRouter, service: Service) -> None:
    problem = service.spec.name

    def deploy(to: Deployer, asked: Deploy) -> Changed:
        version = on_record(service.log.history(problem, 1000), asked.version)
        if version.stage != "production" and asked.mode != "shadow":
            raise DeploymentError(
                f"Version {asked.version} has only been a shadow here. A server asks no registry, so it does not know "
                "whether the version has been approved since.",
                f"`understudy deploy {problem}/{asked.version}` asks the registry and places it.",
            )
        placement = Placement(asked.mode, asked.weight, tuple(asked.ramp), asked.hold, asked.experiment)
        return to.deploy(version, placement, asked.who, asked.why, asked.based_on)

    def promote(to: Deployer, asked: Promote) -> Changed:
        return to.promote(problem, asked.who, asked.why, asked.name, asked.based_on)

    def rollback(to: Deployer, asked: Rollback) -> Changed:
        return to.rollback(problem, asked.who, asked.why, asked.to, asked.based_on)

    def route(to: Deployer, asked: Route) -> Changed:
        return to.route(problem, asked.weights, asked.who, asked.why, asked.based_on)

    def kill(to: Deployer, asked: Kill) -> Changed:
        return to.kill(problem, asked.on, asked.who, asked.why, asked.based_on)

    changes: tuple[tuple[type[Signed], Callable[[Deployer, Any], Changed]], ...] = (
        (Deploy, deploy), (Promote, promote), (Rollback, rollback), (Route, route), (Kill, kill),
    )  # fmt: skip
    for kind, change in changes:
        reader: Reader[Any] = Reader(kind)
        path, endpoint = f"/admin/{change.__name__}", _changing(service, reader, change)
        add_route(
            router, "POST", path, endpoint, body=reader.schema, answer=OBJECT, errors=ERRORS,
            summary=change.__name__, description=kind.__doc__, tags=["admin"], operation_id=change.__name__,
        )  # fmt: skip


def _add_looks(router: APIRouter, service: Service) -> None:
    async def refresh(request: Request) -> Response:  # noqa: ARG001
        """Look for a new revision and new features now."""
        await service.refresh()
        return json_response({"revision": service.lineup.deployment.revision})

    async def deployments(request: Request) -> Response:  # noqa: ARG001
        """The newest hundred revisions: who made them, when and why."""
        history = await asyncio.to_thread(service.log.history, service.spec.name, 100)
        return json_response({"deployments": [routing_of(revision) for revision in history]})

    errors = (401, 503)
    add_route(router, "POST", "/admin/refresh", refresh, answer=OBJECT, errors=errors, tags=["admin"])
    add_route(router, "GET", "/admin/deployments", deployments, answer=OBJECT, errors=errors, tags=["admin"])


def _add_drill(router: APIRouter, service: Service) -> None:
    drills: Reader[Drill] = Reader(Drill)

    async def drill(request: Request) -> Response:
        _require_json(request)
        asked = drills.read(await request.body())
        service.predictor.drills.slow(asked.arm, asked.delay, asked.seconds)
        return json_response({"delays": service.predictor.drills.now()})

    add_route(
        router, "POST", "/admin/drill", drill, body=drills.schema, answer=OBJECT, errors=(400, 401, 413, 415, 422),
        summary="drill", description=Drill.__doc__, tags=["admin"], operation_id="drill",
    )  # fmt: skip


def on_record(history: tuple[Deployment, ...], number: int) -> Version:
    """A version as the deployment log knows it: a server asks no registry.

    Raises:
        DeploymentError: no revision ever placed it.
    """
    for revision in history:
        for placed in (*revision.arms, *revision.shadows):
            if placed.version == number:
                live = any(arm.digest == placed.digest for past in history for arm in past.arms)
                said = f"placed as {placed.name} by revision {revision.revision}"
                return Version(
                    problem=revision.problem,
                    number=number,
                    digest=placed.digest,
                    stage="production" if live else "staging",
                    approval=Approval(state="approved" if live else "pending", by="deployment log", why=said),
                    verdict=Verdict(digest=placed.digest, decision="accepted", checks=()),
                    lineage=Lineage(data_hash="", config_hash="", lock_hash="", study=""),
                    metrics={},
                )
    raise DeploymentError(
        f"Version {number} has never been deployed, so this server knows neither its content nor who approved it.",
        "`understudy deploy` fetches it from the registry and places it.",
    )


def _changing(
    service: Service, reader: Reader[Any], change: Callable[[Deployer, Any], Changed]
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        _require_json(request)
        asked = reader.read(await request.body())
        if service.deployer is None:
            raise DeploymentError("This server changes nothing.", "Use the command line.")
        changed = await asyncio.to_thread(change, service.deployer, asked)
        await service.refresh()
        return json_response({**routing_of(changed.deployment), "unmirrored": changed.unmirrored or None})

    return endpoint


def _require_json(request: Request) -> None:
    """A web page of another site can make a browser send anything but JSON without asking first."""
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise MediaTypeError("The body is not said to be JSON.", "Send it with Content-Type: application/json.")


class Guard:
    """Lets in who shows the token, where one is set."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self.app, self.token = app, token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/healthz/") or scope["path"] == "/metrics":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        shown = headers.get(b"authorization", b"")
        scheme, _, token = shown.partition(b" ")
        if self.token and not (scheme.lower() == b"bearer" and hmac.compare_digest(token, self.token)):
            said = {"code": "token", "field": None, "row": None, "what": "The token is missing or wrong.",
                    "fix": "Send it as `Authorization: Bearer TOKEN`."}  # fmt: skip
            await answer(401, said, headers={"www-authenticate": "Bearer"})(scope, receive, send)
        else:
            await self.app(scope, receive, send)
