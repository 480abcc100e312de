"""The server, from the outside: what was asked, what it answered, and how long that took."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
import numpy as np
import orjson

from pipelines.replay.world import Landed
from understudy.errors import MachineError

LABELS_AT_ONCE = 1000
PATIENCE = 20.0
"""Seconds that a server may take to start."""
DRILL = 60.0
"""Seconds after which a drill that is not renewed ends."""
TIMEOUT = 30.0
"""Seconds that an answer may take."""


@dataclass
class Tally:
    """What a replay has seen so far."""

    asked: int = 0
    answered: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    """Refused or failed requests by HTTP status, or by the name of the failure."""
    arms: Counter[str] = field(default_factory=Counter)
    fallbacks: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    """Labels by what the server made of them."""
    milliseconds: list[float] = field(default_factory=list)

    def quantile(self, share: float) -> float:
        """Latency in milliseconds that this share of answers kept; 0 before the first."""
        return float(np.quantile(self.milliseconds, share)) if self.milliseconds else 0.0

    def json(self) -> dict[str, Any]:
        return {
            "asked": self.asked,
            "answered": self.answered,
            "errors": dict(self.errors),
            "arms": dict(self.arms),
            "fallbacks": self.fallbacks,
            "labels": dict(self.labels),
            "latency_ms": {
                name: round(self.quantile(q), 2) for name, q in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
            },
        }


class Client:
    """Speaks to the public and the admin port of one server."""

    def __init__(self, url: str, admin: str, token: str, connections: int, tally: Tally) -> None:
        self._url, self._admin, self.tally = url.rstrip("/"), admin.rstrip("/"), tally
        self._authorization = {"Authorization": f"Bearer {token}"} if token else {}
        limits = httpx.Limits(max_connections=connections + 1, max_keepalive_connections=connections + 1)
        self._http = httpx.AsyncClient(timeout=TIMEOUT, limits=limits, trust_env=False)

    async def greet(self, problem: str, patience: float = PATIENCE) -> dict[str, Any]:
        """What the server says of its model; one that is starting is waited for.

        Raises:
            MachineError: nobody answers there in time, it is not ready, or it serves another problem.
        """
        fix = f"Start one with `understudy serve --problem {problem}`, or name it with --url."
        deadline = time.monotonic() + patience
        while isinstance(model := await self._model(), str):
            if time.monotonic() > deadline:
                raise MachineError(model, fix)
            await asyncio.sleep(0.2)
        if model.get("problem") != problem:
            raise MachineError(f"The server at {self._url} serves {model.get('problem')}, not {problem}.", fix)
        return model

    async def _model(self) -> dict[str, Any] | str:
        """What the server says of its model, or why it says nothing."""
        try:
            said = await self._http.get(f"{self._url}/v1/model")
        except httpx.HTTPError as error:
            return f"No server answers at {self._url} ({type(error).__name__})."
        if said.status_code != httpx.codes.OK:
            return f"The server at {self._url} is not ready ({said.status_code})."
        model: dict[str, Any] = said.json()
        return model

    async def predict(self, request: Mapping[str, Any]) -> None:
        """Ask once, and note the outcome."""
        self.tally.asked += 1
        began = time.perf_counter()
        try:
            said = await self._http.post(
                f"{self._url}/v1/predict", content=orjson.dumps(request), headers={"Content-Type": "application/json"}
            )
        except httpx.HTTPError as error:
            self.tally.errors[type(error).__name__] += 1
            return
        if said.status_code != httpx.codes.OK:
            self.tally.errors[str(said.status_code)] += 1
            return
        self.tally.milliseconds.append((time.perf_counter() - began) * 1000)
        answer = orjson.loads(said.content)
        self.tally.answered += 1
        self.tally.arms[f"{answer['arm']} (version {answer['model_version']})"] += 1
        self.tally.fallbacks += answer["fallback"] is not None

    async def feedback(self, labels: Sequence[Landed]) -> None:
        """Tell what came true."""
        for start in range(0, len(labels), LABELS_AT_ONCE):
            body = [_label(label) for label in labels[start : start + LABELS_AT_ONCE]]
            try:
                said = await self._http.post(f"{self._url}/v1/feedback", content=orjson.dumps(body))
            except httpx.HTTPError as error:
                self.tally.labels[type(error).__name__] += len(body)
                continue
            if said.status_code == httpx.codes.OK:
                self.tally.labels.update(said.json()["outcomes"])
            else:
                self.tally.labels[str(said.status_code)] += len(body)

    async def refresh(self) -> None:
        """Have the server read the feature store now rather than at its next look.

        Raises:
            MachineError: the admin port does not answer or refuses.
        """
        await self._admin_post("refresh", {})

    async def drill(self, delays: Mapping[str, float]) -> None:
        """Have arms answer late, by seconds, for the next minute; 0 ends it.

        Raises:
            MachineError: the admin port does not answer or refuses.
        """
        for arm, delay in delays.items():
            await self._admin_post("drill", {"arm": arm, "delay": delay, "seconds": DRILL})

    async def close(self) -> None:
        await self._http.aclose()

    async def _admin_post(self, path: str, body: Mapping[str, Any]) -> None:
        fix = "Name the admin port with --admin, and its token with --token."
        try:
            said = await self._http.post(f"{self._admin}/admin/{path}", json=body, headers=self._authorization)
        except httpx.HTTPError as error:
            raise MachineError(f"No admin port answers at {self._admin} ({type(error).__name__}).", fix) from error
        if said.status_code != httpx.codes.OK:
            raise MachineError(f"The admin port at {self._admin} refuses to {path} ({said.status_code}).", fix)


def _label(label: Landed) -> dict[str, Any]:
    return {"key": label.key, "value": label.value, "landed_at": _iso(label.at), "source": "replay"}


def _iso(moment: datetime) -> str:
    return moment.isoformat() + "Z"
