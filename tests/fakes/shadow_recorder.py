"""A process for shadows whose ledger is a file of pickles: ``python -m shadow_recorder DESCRIPTOR``.

It hangs when it is to load the model whose digest the variable HANGING_LOAD has.
"""

import os
import pickle
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from serving.model import LoadedModel
from serving.shadow import worker
from serving.shadow.process import Program
from serving.shadow.worker import serve
from understudy.errors import StoreError
from understudy.records import Prediction

FILE, HANGING = "SHADOW_RECORDS", "HANGING_LOAD"


class Records:
    """Predictions in a file; while a folder is in its place, none can be stored."""

    def __init__(self, file: Path) -> None:
        self.file = file

    @property
    def program(self) -> Program:
        """A program that stores here."""
        return Program("shadow_recorder", {FILE: str(self.file)})

    def append(self, predictions: Sequence[Prediction]) -> None:
        try:
            with self.file.open("ab") as file:
                pickle.dump(list(predictions), file)
        except OSError as error:
            raise StoreError("The file is full.", "Make room.") from error

    def settle(self) -> None:
        pass

    def read(self) -> list[Prediction]:
        found: list[Prediction] = []
        if not self.file.exists():
            return found
        with self.file.open("rb") as file:
            while file.peek(1):  # type: ignore[attr-defined]
                found += pickle.load(file)  # noqa: S301
        return found


class HangingModel(LoadedModel):
    """Hangs while it is loaded, if it is the one named."""

    @classmethod
    def load(cls, folder: Path, version: int, digest: str, code_hash: str | None) -> LoadedModel:
        if digest == os.environ.get(HANGING):
            time.sleep(3600)
        return LoadedModel.load(folder, version, digest, code_hash)


def main() -> None:
    worker.LoadedModel = HangingModel  # type: ignore[misc]
    ledger: Any = Records(Path(os.environ[FILE]))
    serve(int(sys.argv[1]), ledger)


if __name__ == "__main__":
    main()
