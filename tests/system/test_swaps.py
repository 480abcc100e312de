"""Versions that change under load: no failed request, and every answer is that of the version it names."""

import asyncio
import logging
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from pressure import Answer, Pressure, size, until
from served import Project, a_project
from served_process import Server, a_server, deploy
from small_bundle import expected_score, small_model

from understudy.adapters import open_bundle_store, open_deployment_log
from understudy.bundle import MODEL
from understudy.deploying import Deployer
from understudy.records import CHALLENGER, CHAMPION, Arm, Deployment

pytestmark = pytest.mark.e2e

log = logging.getLogger(__name__)
CHANGES = size(10, 100)
ROTATIONS = size(6, 50)
CONNECTIONS = 8
BAD_EACH = 5
"""Changes after which comes a revision whose bundle is no good."""
WEIGHTS = {1: (2.0, -1.0), 2: (-1.0, 3.0), 3: (0.5, 0.5)}
"""Of each version's model."""


def flipped(folder: Path) -> None:
    model = bytearray((folder / MODEL).read_bytes())
    model[len(model) // 2] ^= 1
    (folder / MODEL).write_bytes(model)


def truncated(folder: Path) -> None:
    (folder / MODEL).write_bytes((folder / MODEL).read_bytes()[:-10])


def superfluous(folder: Path) -> None:
    (folder / "extra.txt").write_text("more")


def linked(folder: Path) -> None:
    (folder / MODEL).rename(folder.parent / "elsewhere.onnx")
    (folder / MODEL).symlink_to(folder.parent / "elsewhere.onnx")


def gone(folder: Path) -> None:
    shutil.rmtree(folder)


DAMAGES: dict[int, Callable[[Path], None]] = {4: flipped, 5: truncated, 6: superfluous, 7: linked, 8: gone}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Version 1 serves, with version 2 as its challenger without a share; version 3 is in store; others are damaged."""
    models = {
        version: (small_model(weights=weights), expected_score(1.0, 0.5, "north", weights))
        for version, weights in WEIGHTS.items()
    }
    made = a_project(tmp_path / "project", versions=max(DAMAGES), models=models)
    for version, damage in DAMAGES.items():
        damage(Path(made.settings.bundle_store) / made.bundles[version].digest)
    arms = tuple(
        Arm(name=name, version=version, digest=made.bundles[version].digest, weight=weight)
        for name, version, weight in ((CHAMPION, 1, 1.0), (CHALLENGER, 2, 0.0))
    )
    deploy(made, made.deployment(1), made.deployment(2, mode="canary", arms=arms))
    return made


class Drill:
    """Promotes and rolls back in turn, with a bad revision now and then, and notes how long each change took."""

    def __init__(self, project: Project, server: Server, pressure: Pressure) -> None:
        self.project, self.server, self.pressure = project, server, pressure
        self.log = open_deployment_log(project.settings)
        self.deployer = Deployer(self.log, None, open_bundle_store(project.settings))
        self.seconds: list[float] = []
        self.refused = 0
        self.pauses = random.Random(5)  # noqa: S311

    async def run(self) -> None:
        """Changes between two versions, which the server keeps warm."""
        await until(lambda: self.pressure.answers)
        for number in range(CHANGES):
            await asyncio.sleep(self.pauses.uniform(0, 0.5))  # a change has no regard for when the server looks
            await self._change(number)
            if number % BAD_EACH == BAD_EACH - 1:
                await self._break(4 + (number // BAD_EACH) % len(DAMAGES))
        self.log.close()

    async def rotate(self) -> None:
        """Changes among three versions: each has to be fetched, verified and loaded every time."""
        await until(lambda: self.pressure.answers)
        for number in range(ROTATIONS):
            await asyncio.sleep(self.pauses.uniform(0, 0.5))
            version, start, seen = 1 + (number + 1) % 3, time.monotonic(), len(self.pressure.answers)
            await asyncio.to_thread(self.log.append, self.project.deployment(3 + number, version))
            self.seconds.append((await self._first(version, seen)).at - start)
        self.log.close()

    async def _change(self, number: int) -> None:
        """In even turns version 2 takes over, in odd ones version 1 does again."""
        version, start, seen = 2 - number % 2, time.monotonic(), len(self.pressure.answers)
        if version == 2:
            await asyncio.to_thread(self.deployer.promote, "toy", "ada", "a drill", CHALLENGER)
        else:
            await asyncio.to_thread(self.deployer.rollback, "toy", "ada", "a drill", to=2)
        self.seconds.append((await self._first(version, seen)).at - start)

    async def _first(self, version: int, seen: int) -> Answer:
        def found() -> list[Answer]:
            return [one for one in self.pressure.answers[seen:] if one.version == version]

        await until(found)
        return found()[0]

    async def _break(self, version: int) -> None:
        """A bad revision is refused for a reason while the one before goes on; the revision after it is good again."""
        newest = self.log.newest("toy")
        assert newest is not None
        bad = self.project.deployment(newest.revision + 1, version)
        self.log.append(bad)
        async with httpx.AsyncClient(base_url=self.server.url) as client:
            for _ in range(200):
                if "understudy_deployment_refused 1.0" in (await client.get("/metrics")).text:
                    break
                await asyncio.sleep(0.02)
            else:
                raise AssertionError(f"revision {bad.revision} was not refused")
            routing = (await client.get("/v1/routing")).json()
        assert routing["revision"] == newest.revision
        self.refused += 1
        self.log.append(restored(newest, bad.revision + 1))


def restored(good: Deployment, revision: int) -> Deployment:
    return good.model_copy(update={"revision": revision, "change": "rollback", "restores": good.revision})


def test_promotes_and_rollbacks_under_load_fail_no_request_and_mix_no_versions(project: Project) -> None:
    with a_server(project) as server:
        drill = Drill(project, server, Pressure())
        asyncio.run(drill.pressure.on(server.url, CONNECTIONS, drill.run()))
    check(drill, {1, 2})
    assert len(drill.seconds) == CHANGES
    assert drill.refused == CHANGES // BAD_EACH


def test_versions_that_must_be_fetched_take_over_under_load_as_well(project: Project) -> None:
    with a_server(project) as server:
        drill = Drill(project, server, Pressure())
        asyncio.run(drill.pressure.on(server.url, CONNECTIONS, drill.rotate()))
    check(drill, {1, 2, 3})
    assert len(drill.seconds) == ROTATIONS


def check(drill: Drill, versions: set[int]) -> None:
    answers, project = drill.pressure.answers, drill.project
    log.info(
        "%s changes and %s bad bundles under %s requests: picked up in %.0f ms (median), %.0f ms (slowest)",
        len(drill.seconds), drill.refused, len(answers), 1e3 * np.median(drill.seconds), 1e3 * max(drill.seconds),
    )  # fmt: skip
    assert drill.pressure.broken == 0
    assert {answer.status for answer in answers} == {200}
    assert {answer.said["model_version"] for answer in answers} == versions
    assert [one for one in answers if one.said["score"] != offline(project, one.request, one.version)] == []
    alike = [one for one in answers if one.said["score"] == offline(project, one.request, one.version % 3 + 1)]
    assert len(alike) < len(answers) / 100  # or the assertion above would say nothing
    assert np.median(drill.seconds) < 1  # every one on a quiet machine


def offline(project: Project, request: dict[str, Any], version: int) -> float:
    """The score that the version's bundle gives."""
    numbers = np.array([[request["size"], request["weight"]]], np.float32)
    return float(project.bundles[version].score(numbers, np.array([[request["town"]]], object))[0])
