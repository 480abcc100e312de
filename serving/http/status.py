"""What serves, whether it is well, and how it does: ``/v1/model``, ``/v1/routing``, health and metrics."""

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from serving.http.route import add_route, json_response
from serving.metrics import MEDIA
from serving.service import Service
from understudy.records import Deployment, Placed

if TYPE_CHECKING:
    from serving.lineup import Lineup

OBJECT: dict[str, Any] = {"type": "object"}
AWAY = "It cannot be reached; the server's log says why."


def add_status(router: APIRouter, service: Service) -> None:
    """Add the routes."""

    async def model(request: Request) -> Response:  # noqa: ARG001
        """The champion: what it reads and says, how it was judged, where it comes from."""
        return json_response(model_of(service.lineup))

    async def routing(request: Request) -> Response:  # noqa: ARG001
        """The deployment that serves, the share of the traffic that each arm gets at this moment and the threshold that
        it decides at, a newer revision that was refused, and delays that a drill has put in force."""
        refusal = service.watcher.refusal
        refused = {"revision": refusal.revision, "reason": refusal.reason} if refusal else None
        serves = serving_of(service.lineup, service.predictor.shares())
        return json_response({**serves, "refused": refused, "delays": service.predictor.drills.now()})

    add_route(router, "GET", "/v1/model", model, answer=OBJECT, errors=(429, 503), summary="Model", tags=["status"])
    add_route(
        router, "GET", "/v1/routing", routing, answer=OBJECT, errors=(429, 503), summary="Routing", tags=["status"]
    )
    add_health(router, service)


def add_health(router: APIRouter, service: Service) -> None:
    """Add what balancers, orchestrators and Prometheus ask for."""

    async def live(request: Request) -> Response:  # noqa: ARG001
        """Whether the process answers."""
        return json_response({"status": "live"})

    async def ready(request: Request) -> Response:  # noqa: ARG001
        """Whether the server takes requests; says why where it does not."""
        require_ready(service)
        revision, away = service.lineup.deployment.revision, dict.fromkeys(service.watcher.unreachable, AWAY)
        return json_response({"status": "ready", "revision": revision, "unreachable": away})

    async def metrics(request: Request) -> Response:  # noqa: ARG001
        """Metrics in Prometheus' text format."""
        return Response(service.metrics.text(), media_type=MEDIA)

    add_route(router, "GET", "/healthz/live", live, answer=OBJECT, summary="Live", tags=["status"])
    add_route(router, "GET", "/healthz/ready", ready, answer=OBJECT, errors=(503,), summary="Ready", tags=["status"])
    text = {"type": "string"}
    add_route(router, "GET", "/metrics", metrics, answer=text, media="text/plain", summary="Metrics", tags=["status"])


def require_ready(service: Service) -> None:
    """
    Raises:
        NotReady: the server takes no requests; the error says why.
    """
    if service.unready:
        raise service.not_ready()


def routing_of(deployment: Deployment, shares: tuple[float, ...] = ()) -> dict[str, Any]:
    """A deployment as JSON, with the shares of its arms at this moment where they are known."""
    whole = deployment.model_dump(mode="json")
    for arm, share in zip(whole["arms"], shares, strict=False):
        arm["share"] = share
    return whole


def serving_of(lineup: "Lineup", shares: tuple[float, ...]) -> dict[str, Any]:
    """A deployment that serves as JSON, with the threshold that each arm decides at."""
    serves = routing_of(lineup.deployment, shares)
    for placed, shown in zip(lineup.deployment.arms, serves["arms"], strict=True):
        shown["decides_at"] = lineup.threshold(placed)
    return serves


def model_of(lineup: "Lineup") -> dict[str, Any]:
    """The champion as JSON."""
    manifest = lineup.manifest
    champion: Placed = lineup.deployment.champion
    inputs = manifest.inputs.model_dump(mode="json")
    return {
        "problem": manifest.problem,
        "title": manifest.title,
        "task": manifest.task,
        "version": champion.version,
        "digest": champion.digest,
        "output": manifest.output,
        "threshold": lineup.threshold(champion),
        "bundle_threshold": manifest.threshold,
        "candidate": manifest.candidate,
        "family": manifest.family,
        "calibration": manifest.calibration,
        "request": [field.model_dump(mode="json") for field in manifest.request],
        "inputs": inputs,
        "metrics": manifest.metrics.model_dump(mode="json"),
        "parity": manifest.parity.model_dump(mode="json"),
        "lineage": manifest.lineage.model_dump(mode="json"),
    }
