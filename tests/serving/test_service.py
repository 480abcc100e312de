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
    assert service.unready == "The server is starting: it has not read the deployment log yet."
    with pytest.raises(NotReady) as starting:
        _ = service.schema
    assert "understudy deploy " not in starting.value.fix

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


def test_what_is_lacking_is_told_by_what_is_known(project: Project) -> None:
    service = a_service(project)
    follower = service.watcher._follower
    service.watcher.unreachable["deployments"] = "postgresql://ann@db.local/name is away"
    assert service.unready == "The deployment log is out of reach; the server's log says why."
    service.watcher.unreachable.clear()
    follower.looked = True
    told = service.not_ready()
    assert told.what == "No deployment of toy serves yet."
    assert told.fix == "`understudy deploy toy@champion` puts the champion in place."

    async def loading() -> NotReady:
        task = asyncio.create_task(asyncio.sleep(0))
        follower._loading = (7, task)
        told = service.not_ready()
        await task
        return told

    told = asyncio.run(loading())
    assert told.what == "The server is starting: revision 7 is being loaded."
    assert "understudy deploy " not in told.fix
