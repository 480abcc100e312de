"""A project in a folder of its own, driven through its command line from the outside."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PATIENCE = 300.0
"""Seconds after which a test gives a command up."""


@dataclass
class Workspace:
    """Its root, what to set in the environment of each command, and seconds that ``run`` gives it."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    patience: float = PATIENCE

    @property
    def home(self) -> Path:
        return self.root / "var"

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run ``understudy`` with the arguments and wait."""
        return subprocess.run(
            self._command(arguments), cwd=self.root, env=self._variables(variables), capture_output=True, text=True,
            timeout=self.patience, check=False,
        )  # fmt: skip

    def json(self, *arguments: str, code: int = 0, **variables: str) -> Any:
        """Run with ``--json``; stdout must hold one JSON value and nothing else."""
        done = self.run(*arguments, "--json", **variables)
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout)

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """Start ``understudy`` and return at once; its lines can be read from ``stdout``."""
        return subprocess.Popen(
            self._command(arguments), cwd=self.root, env=self._variables(variables), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def kill_at(self, line: str, *arguments: str, **variables: str) -> None:
        """Start ``understudy`` and ``kill -9`` it as soon as it prints ``line``."""
        process = self.start(*arguments, **variables)
        assert process.stdout is not None
        with process:
            seen = []
            for text in process.stdout:
                seen.append(text)
                if text.strip() == line:
                    process.send_signal(signal.SIGKILL)
                    break
            assert seen[-1].strip() == line, "".join(seen)

    def dvc(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the shell's ``dvc`` in the workspace."""
        return subprocess.run(
            [sys.executable, "-m", "dvc", *arguments], cwd=self.root, env=self._variables({}),
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "cli.main", *arguments]

    def _variables(self, extra: dict[str, str]) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("UNDERSTUDY_", "PREFECT_"))}
        path = os.pathsep.join((str(Path(sys.executable).parent), kept.get("PATH", "")))
        return kept | {"PYTHONPATH": str(self.root), "PATH": path} | self.environment | extra


def wait_for(path: Path) -> None:
    """Wait until the file or folder is there."""
    deadline = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.02)
