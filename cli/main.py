"""The front door: every command by name, and nothing heavy until one of them is asked for."""

import json
import os
import sys
from collections.abc import Callable

import typer

from cli.answer import Answer, answering, refusal
from cli.deployments import deploy, deployments, promote, rollback, route
from cli.doctor import doctor
from cli.init import init
from cli.materialise import materialise
from cli.predictions import predictions_app
from cli.problems import problems
from cli.replay import replay
from cli.score import score
from cli.serve import serve
from cli.train import register, stage, train
from cli.versions import approve, models, reject, show

USAGE = 2

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Train a model, judge it, register it with its evidence, and serve it.",
)
BY_TASK: dict[str, tuple[Callable[..., Answer], ...]] = {
    "Problems": (problems, init, doctor),
    "Versions": (train, models, show, approve, reject, register),
    "Deployments": (deploy, promote, rollback, route, deployments),
    "Predictions": (serve, materialise, replay, score),
}
for task, commands in BY_TASK.items():
    for command in commands:
        app.command(command.__name__, rich_help_panel=task)(answering(command))
app.add_typer(predictions_app, name="predictions", rich_help_panel="Predictions")
app.command("stage", hidden=True)(answering(stage))


def run() -> None:
    """Entry of the console script."""
    try:
        app()
    except SystemExit as ending:
        if ending.code == 1:
            _leave_at_once()
        # Typer has said it on stderr, and left by sys.exit within its handler: the error is the context.
        if ending.code == USAGE and "--json" in sys.argv:
            said = getattr(ending.__context__, "format_message", lambda: "The command line is not valid.")()
            sys.stdout.write(json.dumps(refusal("usage", said, "See --help.")) + "\n")
        raise


def _leave_at_once() -> None:
    """DuckDB lists on exit whatever a failed run still holds, forty lines below the message that counts."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)


if __name__ == "__main__":
    run()
