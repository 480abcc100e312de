"""The OpenAPI documents hold: what they allow is answered as they say, and what they forbid is refused."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from served import a_project
from served_process import Server, a_server, deploy

pytestmark = pytest.mark.integration

SCHEMATHESIS = (str(Path(sys.executable).with_name("schemathesis")),)
OPTIONS = (
    "--phases", "examples,coverage,fuzzing", "--max-examples", "10", "--seed", "7",
    "--generation-database", "none", "--continue-on-failure", "--no-color",
)  # fmt: skip
CONFIG = """
[checks.negative_data_rejection]
expected-statuses = [400, 404, 405, 409, 413, 415, 422]

# JSON Schema cannot say that tensors and columns agree in length, nor what a table of CSV holds.
[[operations]]
include-path-regex = "/infer$|/invocations$"
checks.positive_data_acceptance.enabled = false
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    project = a_project(tmp_path_factory.mktemp("schemathesis") / "project")
    deploy(project)
    with a_server(project) as running:
        yield running


@pytest.mark.parametrize("app", ["url", "admin"])
def test_all_checks_pass_on_every_operation(server: Server, app: str, tmp_path: Path) -> None:
    url = getattr(server, app)
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG, encoding="utf-8")
    done = subprocess.run(
        [*SCHEMATHESIS, "--config-file", config, "run", f"{url}/openapi.json", *OPTIONS],
        cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert server.process.poll() is None
