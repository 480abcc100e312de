"""Actions as a deployment on a Prefect server, which runs one for each event of a decided alert."""

import contextlib
from typing import Any

from monitoring.delivery.events import EVENT

FLOW = "act on an alert"
DEPLOYMENT = "understudy"


def trigger() -> Any:
    """The automation's trigger: each decided alert starts a run with the alert's problem and id."""
    from prefect.events import DeploymentEventTrigger

    return DeploymentEventTrigger(
        name="a decided alert is acted on",
        expect={f"{EVENT}decided"},
        match={"prefect.resource.id": "understudy.alert.*"},
        parameters={"problem": "{{ event.payload.problem }}", "alert": "{{ event.payload.alert }}"},
    )


def is_served() -> bool:
    """Whether the Prefect server has the deployment, and a process that serves it has asked for work lately."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.objects import DeploymentStatus

    with contextlib.suppress(Exception), get_client(sync_client=True) as client:
        return client.read_deployment_by_name(f"{FLOW}/{DEPLOYMENT}").status == DeploymentStatus.READY
    return False
