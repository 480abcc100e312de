"""The doctor's verdict as a table, as JSON and as an exit code."""

import pytest
from workspace import Workspace

pytestmark = pytest.mark.e2e


def test_a_machine_that_is_fit(toy: Workspace) -> None:
    value = toy.json("doctor")
    states = {row["name"]: row["state"] for row in value["checks"]}
    assert value["ok"] is True
    assert states["python"] == states["packages"] == states["telemetry"] == states["data of toy"] == "ok"
    assert states["git"] == "warn"


def test_a_failed_check_is_a_failed_command(toy: Workspace) -> None:
    (toy.root / "problems" / "toy.csv").unlink()
    value = toy.json("doctor", code=1)
    assert value["ok"] is False
    assert {
        "name": "data of toy",
        "state": "fail",
        "found": "problems/toy.csv is missing",
        "fix": "Put the file back.",
    } in value["checks"]
    assert "problems/toy.csv is missing" in " ".join(toy.run("doctor", COLUMNS="200").stdout.split())
