"""Of two changes that race from two processes, one is made, and the other is told which one won."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from pressure import size
from served import Project
from served_process import REPOSITORY, deploy

from understudy.adapters import open_deployment_log

pytestmark = pytest.mark.e2e

log = logging.getLogger(__name__)
ROUNDS = size(20, 200)
NAMES = ("ada", "bob")


@pytest.fixture
def racers(project: Project) -> Iterator[list["subprocess.Popen[str]"]]:
    deploy(project)
    script = REPOSITORY / "tests" / "fakes" / "racing_child.py"
    with ExitStack() as stack:
        started = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, str(script), name, project.settings.database_url],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                    env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
                )
            )
            for name in NAMES
        ]  # fmt: skip
        assert [heard(racer) for racer in started] == [{"ready": name} for name in NAMES]
        yield started


def heard(racer: "subprocess.Popen[str]") -> dict[str, object]:
    assert racer.stdout is not None
    return dict(json.loads(racer.stdout.readline()))


def test_one_wins_and_the_other_learns_which_revision_did(
    project: Project, racers: list["subprocess.Popen[str]"]
) -> None:
    close = 0
    for based_on in range(1, ROUNDS + 1):
        for racer in racers:
            assert racer.stdin is not None
            racer.stdin.write(f"{based_on}\n")
            racer.stdin.flush()
        outcomes = dict(zip(NAMES, map(heard, racers), strict=True))
        winner, loser = sorted(NAMES, key=lambda name: not outcomes[name]["won"])
        assert outcomes[winner] == {"won": True, "revision": based_on + 1}
        assert not outcomes[loser]["won"]
        told = str(outcomes[loser]["what"])
        assert f"evision {based_on + 1}" in told
        assert f"by {winner}" in told
        assert f"{winner} wants it" in told
        close += "was taken by" in told
    log.info("%s races, in %s of which both had read the same newest revision", ROUNDS, close)
    deployments = open_deployment_log(project.settings)
    history = deployments.history("toy", ROUNDS + 10)
    deployments.close()
    assert [past.revision for past in history] == list(range(ROUNDS + 1, 0, -1))
