"""The front door: every command by name, and nothing heavy until one of them is asked for."""

import json
import os
import sys
from collections.abc import Callable

import typer

from cli.alerts import alerts_app
from cli.answer import Answer, answering, refusal
from cli.deployments import deploy, deployments, promote, rollback, route, threshold
from cli.doctor import doctor
from cli.experiment import experiment_app
from cli.init import init
from cli.materialise import materialise
from cli.monitor import monitor
from cli.predictions import predictions_app
from cli.problems import problems
from cli.replay import replay
from cli.report import report_app
from cli.score import score
from cli.serve import serve
from cli.train import register, stage, train
from cli.versions import approve, models, reject, show
from cli.watch import watch

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
    "Deployments": (deploy, promote, rollback, route, threshold, deployments),
    "Predictions": (serve, materialise, replay, score),
    "Watching": (
        monitor,
        watch,
    ),
}
for task, commands in BY_TASK.items():
    for command in commands:
        app.command(command.__name__, rich_help_panel=task)(answering(command))
app.add_typer(predictions_app, name="predictions", rich_help_panel="Predictions")
app.add_typer(alerts_app, name="alerts", rich_help_panel="Watching")
app.add_typer(experiment_app, name="experiment", rich_help_panel="Watching")
app.add_typer(report_app, name="report", rich_help_panel="Watching")
app.command("stage", hidden=True)(answering(stage))


def run() -> None:
    """Entry of the console script."""
    try:
        app()
    except SystemExit as ending:
        if ending.code == 1 or (ending.code in (0, None) and "duckdb" in sys.modules):
            _leave_at_once(int(ending.code or 0))
        # Typer has said it on stderr, and left by sys.exit within its handler: the error is the context.
        if ending.code == USAGE and "--json" in sys.argv:
            said = getattr(ending.__context__, "format_message", lambda: "The command line is not valid.")()
            sys.stdout.write(json.dumps(refusal("usage", said, "See --help.")) + "\n")
        raise


def _leave_at_once(code: int) -> None:
    """DuckDB lists on exit whatever a failed run, or a thread of Prefect's, still holds, below the lines that count."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    run()
