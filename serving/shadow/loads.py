"""Which models the shadows' process holds, and what becomes of those that it was asked to load."""

import logging
from collections import Counter
from collections.abc import Sequence
from typing import Any

from serving.model import LoadedModel

TRIES = 2
"""Processes in turn that may end while they load a model; then it is left out until the next revision."""

log = logging.getLogger("understudy.serving")


class Loads:
    """What the process says of an older list of models than the newest is no news: it forgets or loads them anew."""

    def __init__(self) -> None:
        self.loaded: set[str] = set()
        self.loading: set[str] = set()
        self.refused: dict[str, str] = {}
        """Why a model is not loaded, by digest."""
        self._number = 0
        self._at: str | None = None
        self._ended: Counter[str] = Counter()
        self._versions: dict[str, int] = {}

    def renew(self) -> None:
        """With a new lineup, whatever was refused gets another try."""
        self.refused.clear()
        self._ended.clear()
        self._versions.clear()

    def ask(self, models: Sequence[LoadedModel]) -> dict[str, Any]:
        """What to tell the process, so that it holds these models and no others."""
        asked = [model for model in models if self._ended[model.digest] < TRIES]
        self._versions |= {model.digest: model.version for model in asked}
        self._number += 1
        self._at = None
        self.loading = {model.digest for model in asked}
        self.loaded &= self.loading
        wanted = [
            {
                "digest": model.digest,
                "folder": str(model.bundle.folder),
                "version": model.version,
                "code_hash": model.manifest.features.code_hash,
            }
            for model in asked
        ]
        return {"load": wanted, "number": self._number}

    def take(self, said: dict[str, Any]) -> None:
        """The process is at a model, or done with it."""
        if said["number"] != self._number:
            return
        if "loading" in said:
            self._at = said["loading"]
            return
        digest = said["loaded"]
        self._at = None
        self.loading.discard(digest)
        if said["error"]:
            self.loaded.discard(digest)
            self._refuse(digest, said["error"])
        else:
            self.loaded.add(digest)
            self._ended.pop(digest, None)
            self.refused.pop(digest, None)

    def blame(self) -> None:
        """The process ends while it loads: the fault of the model that it was at, if it was at any."""
        digest, self._at = self._at, None
        if digest is not None:
            self._ended[digest] += 1
            if self._ended[digest] == TRIES:
                self._refuse(digest, f"{TRIES} processes hung or died while they loaded it")

    def forget(self) -> None:
        """The process is gone."""
        self.loaded, self.loading, self._at = set(), set(), None

    def _refuse(self, digest: str, why: str) -> None:
        if self.refused.get(digest) != why:
            log.warning("version %d is no shadow until the next revision or restart: %s", self._versions[digest], why)
        self.refused[digest] = why
