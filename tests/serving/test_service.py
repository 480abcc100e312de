"""A service: ready or not, and why."""

import asyncio
from pathlib import Path

import pytest
from served import EXAMPLE, Project, a_project, a_service

from serving.errors import NotReady

pytestmark = pytest.mark.unit


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return a_project(tmp_path / "project", versions=2)


def test_it_is_ready_once_something_serves(project: Project) -> None:
    service = a_service(project)
    assert service.unready == "No deployment of toy serves yet."
    with pytest.raises(NotReady):
        _ = service.schema

    async def live() -> float | None:
        await service.start()
        assert service.unready == ""
        first = service.schema
        assert service.schema is first
        (prediction,) = await service.predict(first.check([EXAMPLE]))
        await service.stop()
        return prediction.score

    score = asyncio.run(live())
    assert score is not None
    assert service.writer.written == 1


def test_a_refused_bundle_is_named(project: Project) -> None:
    wrong = project.deployment()
    service = a_service(
        project, wrong.model_copy(update={"arms": (wrong.champion.model_copy(update={"digest": "0" * 64}),)})
    )

    async def live() -> str:
        await service.start()
        unready = service.unready
        await service.stop()
        return unready

    assert asyncio.run(live()).startswith("Revision 1 is refused: ")
    assert "understudy_deployment_refused 1.0" in service.metrics.text().decode()
