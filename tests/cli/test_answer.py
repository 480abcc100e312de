"""One answer for programs, one for people, and errors as both."""

import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

from cli.answer import Answer, answering, near, refusal

pytestmark = pytest.mark.unit

PROGRAM = """
import os, sys
import typer
from cli.answer import Answer, answering
from understudy.errors import DataError

def speak(how: str) -> Answer:
    print("chatter from Python")
    os.write(1, b"chatter from C\\n")
    if how == "fails":
        raise DataError("The data is bad.", "Mend it.")
    if how == "breaks":
        raise ZeroDivisionError("by nothing")
    if how == "stops":
        raise KeyboardInterrupt
    return Answer({"how": how}, [f"It is [{how}]."])

app = typer.Typer()
app.command()(answering(speak))
app()
"""


def speak(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=False)


def test_json_is_alone_on_stdout_whoever_chatters() -> None:
    done = speak("well", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout) == {"how": "well"}
    assert "chatter from Python" in done.stderr
    assert "chatter from C" in done.stderr


def test_people_read_lines() -> None:
    assert speak("well").stdout.splitlines()[-1] == "It is [well]."


@pytest.mark.parametrize(
    ("how", "code", "error"),
    [
        ("fails", 1, refusal("data", "The data is bad.", "Mend it.")),
        ("breaks", 1, refusal("unexpected", "ZeroDivisionError: by nothing", "`--debug` shows where it happened.")),
        (
            "stops",
            130,
            refusal("interrupted", "Stopped.", "What was finished is kept: the same command goes on from there."),
        ),
    ],
)
def test_an_error_is_an_object_or_two_lines_without_a_traceback(how: str, code: int, error: dict[str, object]) -> None:
    done = speak(how, "--json")
    assert (done.returncode, json.loads(done.stdout)) == (code, error)
    done = speak(how)
    assert done.returncode == code
    assert done.stderr.splitlines() == [error["error"]["what"], error["error"]["fix"]]  # type: ignore[index]


def test_debug_shows_where() -> None:
    assert "Traceback" in speak("breaks", "--debug").stderr


def test_answering_adds_the_flags_to_the_command() -> None:
    def command(name: str = "x") -> Answer:
        """Say it."""
        return Answer(name)

    edge = answering(command)
    assert list(inspect.signature(edge).parameters) == ["name", "as_json", "debug"]
    assert edge.__doc__ == "Say it."


def test_near_is_relative_only_below(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert near(tmp_path / "var" / "report.html") == "var/report.html"
    assert near(Path("var")) == "var"
    assert near(Path("/elsewhere/report.html")) == "/elsewhere/report.html"
