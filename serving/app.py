"""The two apps of a server, made from its service."""

from fastapi import FastAPI

from serving.http.admin import Guard, add_admin
from serving.http.explain import add_explain
from serving.http.feedback import add_feedback
from serving.http.inference_v2 import add_inference_v2
from serving.http.invocations import add_invocations
from serving.http.limits import Limits
from serving.http.openapi import describe
from serving.http.pages import add_pages
from serving.http.predict import Shortcut, add_predict
from serving.http.problems import handle_problems
from serving.http.status import add_health, add_status
from serving.metrics import Metrics
from serving.service import Service


def create_app(service: Service) -> FastAPI:
    """The public app: predictions, feedback, reasons, status, and the protocols that other tools speak."""
    app = FastAPI(
        title=f"Understudy: {service.spec.title}",
        version="1",
        description="Scores with a compiled model, routes between versions, and stores what it answers.",
        redirect_slashes=False,
        openapi_url=None,
    )
    for add in (add_predict, add_feedback, add_explain, add_status, add_inference_v2, add_invocations):
        add(app.router, service)
    handle_problems(app)
    app.add_middleware(Shortcut, service=service, router=app.router)
    _limit(app, service, service.metrics)
    describe(app, service)
    add_pages(app)
    return app


def create_admin(service: Service) -> FastAPI:
    """The admin app: changes of what serves, and the same health and metrics, for a port of its own."""
    app = FastAPI(
        title=f"Understudy admin: {service.spec.name}",
        version="1",
        description="Changes what serves. Each change is a new revision of the deployment log.",
        redirect_slashes=False,
        openapi_url=None,
    )
    add_admin(app.router, service)
    add_health(app.router, service)
    handle_problems(app)
    app.add_middleware(Guard, token=service.settings.admin_token.get_secret_value())
    _limit(app, service, Metrics())
    describe(app, service)
    add_pages(app)
    return app


def _limit(app: FastAPI, service: Service, metrics: Metrics) -> None:
    def ending() -> bool:
        return service.draining

    app.add_middleware(Limits, settings=service.settings, metrics=metrics, ending=ending, routes=app.router.routes)
