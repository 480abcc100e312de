"""``understudy serve`` from the outside; ``tests/serving/test_server.py`` has the server's life."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from served import EXAMPLE, a_project
from served_process import MAIN, REPOSITORY, a_server, deploy

from cli.serve import open_service
from serving.settings import ServingSettings

pytestmark = pytest.mark.e2e


def _serve(root: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", MAIN, "serve", *arguments],
        env={**os.environ, "UNDERSTUDY_ROOT": str(root), "PYTHONPATH": str(REPOSITORY), **variables},
        cwd=root, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_it_says_where_it_listens_and_ends_well_on_interruption(tmp_path: Path) -> None:
    project = a_project(tmp_path / "project")
    deploy(project)
    with a_server(project) as server:
        assert (
            f"Serving toy at {server.url} (docs at {server.url}/docs; admin at {server.admin}): ready"
            in server.said[-1]
        )
        assert httpx.post(f"{server.url}/v1/predict", json=EXAMPLE).status_code == 200
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(20) == 0


def test_a_service_is_wired_from_settings_and_contacts_nothing_yet(tmp_path: Path) -> None:
    project = a_project(tmp_path / "project")
    assert open_service("toy", project.settings, ServingSettings()).spec.name == "toy"
    assert not project.settings.home.joinpath("understudy.db").exists()


def test_what_cannot_be_served_is_said(tmp_path: Path) -> None:
    root = a_project(tmp_path / "project").settings.root
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        busy = _serve(root, "--problem", "toy", "--port", port, "--admin-port", "0")
    assert (busy.returncode, f"Port {port} on 127.0.0.1 cannot be had" in busy.stderr) == (1, True)
    assert "Choose another with --port" in busy.stderr
    unknown = _serve(root, "--problem", "other", "--port", "0", "--admin-port", "0")
    assert (unknown.returncode, "no problem called 'other'" in unknown.stderr) == (1, True)
    bare = _serve(root, "--problem", "toy", "--port", "0", "--admin-port", "0", "--admin-host", "0.0.0.0")  # noqa: S104
    assert (bare.returncode, "set admin_token" in bare.stderr) == (1, True)
    odd = _serve(root, "--problem", "toy", UNDERSTUDY_SERVING_BODY="much")
    assert (odd.returncode, "UNDERSTUDY_SERVING_BODY" in odd.stderr) == (1, True)
