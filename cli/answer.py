"""What a command gives back, and the edge that shows it: tables for people, or one JSON value."""

import inspect
import json
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from understudy.errors import UnderstudyError

if TYPE_CHECKING:
    from rich.console import RenderableType

INTERRUPTED = 130
AsJson = Annotated[bool, typer.Option("--json", help="Print only one JSON value.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of a failure.")]


@dataclass(frozen=True)
class Answer:
    """A command's result, once for programs and once for people."""

    value: Any
    """Printed under ``--json``."""
    shown: "Sequence[RenderableType]" = ()
    code: int = 0
    """Exit code."""


def answering(command: Callable[..., Answer]) -> Callable[..., None]:
    """Give a command its ``--json`` and ``--debug``, show its answer or its error, and set the exit code."""

    @wraps(command)
    def edge(*, as_json: bool = False, debug: bool = False, **given: Any) -> None:
        stdout = _claim_stdout() if as_json else sys.stdout
        answer = _attempt(command, given, debug)
        if as_json:
            json.dump(answer.value, stdout, indent=2, default=str)
            stdout.write("\n")
            stdout.flush()
        else:
            _show(answer)
        raise typer.Exit(answer.code)

    edge.__signature__ = _with_flags(command)  # type: ignore[attr-defined]
    edge.__annotations__ = {**command.__annotations__, "as_json": AsJson, "debug": Debug}
    return edge


def refusal(code: str, what: str, fix: str, stage: str = "") -> dict[str, Any]:
    """An error as programs see it."""
    return {"error": {"code": code, "what": what, "fix": fix, "stage": stage or None}}


def near(path: Path) -> str:
    """The path as people read it: relative where it lies below the working folder."""
    path, here = path.absolute(), Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _attempt(command: Callable[..., Answer], given: dict[str, Any], debug: bool) -> Answer:
    try:
        return command(**given)
    except UnderstudyError as error:
        failed = refusal(error.code, error.what, error.fix, error.stage)
        _let_go(error, debug)
    except KeyboardInterrupt:
        fix = "What was finished is kept: the same command goes on from there."
        return Answer(refusal("interrupted", "Stopped.", fix), code=INTERRUPTED)
    except Exception as error:
        failed = refusal("unexpected", f"{type(error).__name__}: {error}", "`--debug` shows where it happened.")
        _let_go(error, debug)
    return Answer(failed, code=1)


def _let_go(error: BaseException | None, shown: bool) -> None:
    """Show the traceback if wanted, then free what its frames hold: databases left open complain at exit."""
    if shown:
        traceback.print_exception(error)
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__


def _show(answer: Answer) -> None:
    from rich.console import Console
    from rich.text import Text

    if answer.code == 0 or answer.shown:
        console = Console(highlight=False, markup=False)
        for part in answer.shown:
            console.print(part, soft_wrap=isinstance(part, str | Text))
    if isinstance(answer.value, dict) and (error := answer.value.get("error")):
        console = Console(stderr=True, highlight=False, markup=False)
        console.print(Text(error["what"], style="red"), soft_wrap=True)
        console.print(Text(error["fix"]), soft_wrap=True)


def _claim_stdout() -> TextIO:
    """Keep the real stdout for the answer; what libraries print, from Python or C, goes to stderr."""
    sys.stdout.flush()
    mine = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return mine


def _with_flags(command: Callable[..., Answer]) -> inspect.Signature:
    signature = inspect.signature(command)
    flags = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=annotation)
        for name, annotation in (("as_json", AsJson), ("debug", Debug))
    ]
    return signature.replace(parameters=[*signature.parameters.values(), *flags], return_annotation=None)
