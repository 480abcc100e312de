"""The flow that acts on one alert, for a Prefect server to start: it puts its means together by itself."""

import os

from prefect import flow

from monitoring.actions.served import DEPLOYMENT, FLOW


@flow(name=FLOW, flow_run_name="{alert}", persist_result=False)
def act_on_an_alert(problem: str, alert: str) -> str:
    """Act on a decided alert unless somebody else does, and return the state it is in then."""
    from cli.acting import means
    from cli.environment import prepare
    from cli.indexing import refresh_index
    from monitoring.alerts import act_on
    from understudy.errors import UnderstudyError
    from understudy.problem import load_problem

    settings = prepare()
    spec = load_problem(settings.problems, problem)
    acting = means(spec, settings)
    found = acting.log.alert(alert)
    if found is None:
        raise UnderstudyError(f"There is no alert {alert}.", "`understudy alerts list` names them.")
    state = act_on(found, acting).state
    refresh_index(spec, settings)
    return state


def serve() -> None:
    """Serve the flow until stopped, one run at a time.

    Raises:
        MachineError: no Prefect server is named, or it does not answer.
    """
    from prefect.client.orchestration import get_client
    from prefect.types.entrypoint import EntrypointType

    from cli.acting import SERVER
    from monitoring.actions.served import trigger
    from understudy.errors import MachineError

    start = f"Start one with `prefect server start`, and set {SERVER} to its address, as in http://127.0.0.1:4200/api."
    address = os.environ.get(SERVER)
    if not address:
        raise MachineError("No Prefect server is named, and without one `understudy monitor` acts by itself.", start)
    with get_client(sync_client=True) as client:
        if client.api_healthcheck() is not None:
            raise MachineError(f"No Prefect server answers at {address}.", start)
    # By module rather than by path: the process that runs it may stand in another folder.
    act_on_an_alert.serve(name=DEPLOYMENT, triggers=[trigger()], limit=1, entrypoint_type=EntrypointType.MODULE_PATH)
