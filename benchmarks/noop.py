"""What FastAPI itself costs: an app with the same request model that answers without doing anything."""

import argparse
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, create_model

from understudy.bundle import MANIFEST, Manifest
from understudy.problem.columns import Kind

TYPES: dict[Kind, Any] = {"number": float, "category": str, "flag": bool, "time": str}


class Answer(BaseModel):
    """The fields of a real answer."""

    prediction_id: str = "0190b6d2-0000-7000-8000-000000000000"
    score: float = 0.5
    decision: bool = True
    threshold: float = 0.5
    model_version: int = 1
    arm: str = "champion"
    experiment: str | None = None
    fallback: str | None = None
    flags: list[str] = []
    latency_ms: float = 0.0


def create_noop(manifest: Manifest) -> FastAPI:
    """The app, with every field of the manifest's request, each optional."""
    fields: dict[str, Any] = {item.name: (TYPES[item.kind] | None, None) for item in manifest.request}
    request_model = create_model("Request", **fields)
    app = FastAPI()

    @app.post("/v1/predict")
    async def predict(request: request_model) -> Answer:  # noqa: ARG001
        return Answer()

    return app


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    manifest = Manifest.model_validate_json((given.bundle / MANIFEST).read_text(encoding="utf-8"))
    uvicorn.run(
        create_noop(manifest), port=given.port, loop="uvloop", http="httptools", access_log=False, log_config=None
    )


if __name__ == "__main__":
    main()
