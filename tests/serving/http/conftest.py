"""Both apps of a small service, called in this process."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from asgi_client import AsgiClient
from served import Project, a_project, a_service

from serving.app import create_admin, create_app
from serving.service import Service


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Three versions, of which none is deployed."""
    return a_project(tmp_path / "project", versions=3)


@pytest.fixture
def service(project: Project) -> Service:
    """Version 1 serves, with small limits."""
    return a_service(project, body=20_000, rows=50)


@pytest.fixture
def client(service: Service) -> Iterator[AsgiClient]:
    """The public app, started."""
    with AsgiClient(create_app(service)) as client:
        client.runner.run(service.start())
        yield client
        client.runner.run(service.stop())


@pytest.fixture
def admin(client: AsgiClient, service: Service) -> AsgiClient:
    """The admin app of the same service, on the same loop."""
    return AsgiClient(create_admin(service), client.runner)
