"""The docs name nothing that is not there: commands, options and settings are compared with the code."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main

from cli.main import app
from serving.settings import ServingSettings
from understudy.settings import Settings

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
OTHERS = {"UNDERSTUDY_URL", "UNDERSTUDY_ADMIN_URL", "UNDERSTUDY_DELIVERY"}
"""Variables that a command reads by itself."""


def commands(text: str) -> list[list[str]]:
    """What follows ``understudy`` in console blocks and in code spans, as words."""
    blocks = re.findall(r"```console\n(.*?)```", text, flags=re.DOTALL)
    lines = [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ understudy ")]
    spans = re.findall(r"`(understudy [^`]+)`", text)
    return [shlex.split(line.rstrip("& ").replace("…", "").replace("|", " "))[1:] for line in (*lines, *spans)]


def find(words: list[str]) -> tuple[Any, list[str]]:
    """The command that the words name, and the words that are left."""
    found: Any = typer.main.get_command(app)
    while words and words[0] in getattr(found, "commands", {}):
        found, words = found.commands[words[0]], words[1:]
    return found, words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_and_their_options_exist(page: Path) -> None:
    for words in commands(page.read_text(encoding="utf-8")):
        command, rest = find(words)
        assert not hasattr(command, "commands") or not rest or rest[0].startswith("-"), f"understudy {' '.join(words)}"
        known = {name for parameter in command.params for name in parameter.opts} | {"--help"}
        unknown = {word.partition("=")[0] for word in rest if word.startswith("--")} - known
        assert not unknown, f"understudy {' '.join(words)}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_settings_exist(page: Path) -> None:
    known = {f"UNDERSTUDY_{name.upper()}" for name in Settings.model_fields} | OTHERS
    known |= {f"UNDERSTUDY_SERVING_{name.upper()}" for name in ServingSettings.model_fields}
    named = set(re.findall(r"UNDERSTUDY_[A-Z_]*[A-Z]", page.read_text(encoding="utf-8"))) - {"UNDERSTUDY_SERVING"}
    assert named <= known
