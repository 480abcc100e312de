"""The app that does nothing takes what a real server takes."""

import asyncio
from pathlib import Path

import httpx
import pytest
from small_bundle import a_bundle

from benchmarks.noop import create_noop

pytestmark = pytest.mark.unit


def test_it_checks_the_same_fields_and_answers_with_the_same(tmp_path: Path) -> None:
    manifest = a_bundle(tmp_path / "bundle").manifest
    app = create_noop(manifest)
    assert set(app.openapi()["components"]["schemas"]["Request"]["properties"]) == {f.name for f in manifest.request}

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://noop") as client:
            return await client.post("/v1/predict", json=manifest.example.request)

    answered = asyncio.run(ask())
    assert answered.status_code == 200
    assert answered.json()["arm"] == "champion"
