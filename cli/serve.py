"""``understudy serve``: the server, until it is told to end."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.answer import Answer
from cli.environment import prepare

if TYPE_CHECKING:
    from serving.service import Service
    from serving.settings import ServingSettings
    from understudy.settings import Settings

Problem = Annotated[str, typer.Option("--problem", help="Problem to serve.")]
Host = Annotated[str | None, typer.Option(help="Address to listen on; default 127.0.0.1.")]
Port = Annotated[int | None, typer.Option(min=0, max=65535, help="Port; 0 takes a free one; default 8000.")]
AdminHost = Annotated[str | None, typer.Option(help="Address of the admin port; default 127.0.0.1.")]
AdminPort = Annotated[int | None, typer.Option(min=0, max=65535, help="Admin port; default 8001.")]


def serve(
    problem: Problem,
    host: Host = None,
    port: Port = None,
    admin_host: AdminHost = None,
    admin_port: AdminPort = None,
) -> Answer:
    """Serve a problem's deployment over HTTP until SIGTERM or Ctrl-C.

    Answers POST /v1/predict; GET /docs shows the rest. The admin port needs UNDERSTUDY_SERVING_ADMIN_TOKEN where it is
    not on loopback. All limits are settings named UNDERSTUDY_SERVING_*.
    """
    settings = prepare()
    serving = _settings({"host": host, "port": port, "admin_host": admin_host, "admin_port": admin_port})
    from serving.server import Listeners, run

    listeners = Listeners(serving)
    try:
        service = open_service(problem, settings, serving)
        run(service, listeners, lambda: _say(problem, listeners.addresses, service.unready))
    finally:
        listeners.close()
    value = {"problem": problem, "answered": service.writer.written}
    return Answer(value, [f"Ended: {service.writer.written:,} predictions stored."])


def open_service(problem: str, settings: "Settings", serving: "ServingSettings") -> "Service":
    """Wire a service to the stores that the settings name; nothing is started or contacted yet.

    Raises:
        SpecError: there is no such problem.
        StoreError: the settings name a store that cannot be.
    """
    from serving.service import assemble
    from serving.shadow.process import Program
    from understudy.adapters import open_bundle_store, open_deployment_log, open_feature_store, open_ledger
    from understudy.problem import load_problem

    spec = load_problem(settings.problems, problem)
    ledger, log = open_ledger(settings), open_deployment_log(settings)
    bundles, features = open_bundle_store(settings), open_feature_store(settings)
    shadows = Program("cli.shadows", {"UNDERSTUDY_DATABASE": settings.database_url})
    return assemble(spec, settings, serving, ledger, log, bundles, features, shadows)


def _settings(given: dict[str, Any]) -> "ServingSettings":
    from pydantic import ValidationError

    from serving.settings import ServingSettings
    from understudy.errors import MachineError

    try:
        return ServingSettings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        what = str(first["ctx"]["error"]) if first["type"] == "value_error" else f"{name}: {first['msg']}"
        fix = f"Correct UNDERSTUDY_SERVING_{name.upper()}." if name else "Set UNDERSTUDY_SERVING_ADMIN_TOKEN."
        raise MachineError(f"The server's settings are not valid: {what}.", fix) from error


def _say(problem: str, addresses: tuple[str, str], unready: str) -> None:
    import sys

    public, admin = addresses
    state = f"not ready: {unready}" if unready else "ready"
    sys.stderr.write(f"Serving {problem} at {public} (docs at {public}/docs; admin at {admin}): {state}\n")
    sys.stderr.flush()
