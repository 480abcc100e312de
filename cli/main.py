"""The front door: every command by name, and nothing heavy until one of them is asked for."""

import json
import sys

import typer

from cli.answer import answering, refusal
from cli.doctor import doctor
from cli.init import init
from cli.problems import problems
from cli.score import score
from cli.train import register, stage, train
from cli.versions import approve, models, reject, show

USAGE = 2

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Train a model, judge it, and register it with its evidence.",
)
for command in (train, problems, init, models, show, approve, reject, register, doctor, score):
    app.command(command.__name__)(answering(command))
app.command("stage", hidden=True)(answering(stage))


def run() -> None:
    """Entry of the console script."""
    try:
        app()
    except SystemExit as ending:
        # Typer has said it on stderr, and left by sys.exit within its handler: the error is the context.
        if ending.code == USAGE and "--json" in sys.argv:
            said = getattr(ending.__context__, "format_message", lambda: "The command line is not valid.")()
            sys.stdout.write(json.dumps(refusal("usage", said, "See --help.")) + "\n")
        raise


if __name__ == "__main__":
    run()
