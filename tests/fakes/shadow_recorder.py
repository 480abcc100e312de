"""A process for shadows whose ledger is a file of pickles: ``python -m shadow_recorder DESCRIPTOR``."""

import os
import pickle
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from serving.shadow.process import Program
from serving.shadow.worker import serve
from understudy.errors import StoreError
from understudy.records import Prediction

FILE = "SHADOW_RECORDS"


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


def main() -> None:
    ledger: Any = Records(Path(os.environ[FILE]))
    serve(int(sys.argv[1]), ledger)


if __name__ == "__main__":
    main()
