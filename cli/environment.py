"""The composition root's first step: where the project is, and a quiet, frugal process."""

import os
import sys
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from understudy.settings import Settings

THREAD_POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_MAX_THREADS")
QUIET = {
    "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    # How long OpenMP threads spin while they wait. For ever, and a busy machine slows down fifteenfold; not at all,
    # and small fits take four times as long on a quiet one.
    "GOMP_SPINCOUNT": "10000",
    # Runs keep their logs in Prefect's database; the terminal belongs to the display.
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_SERVER_UI_ENABLED": "false",
}


def prepare() -> "Settings":
    """Read the settings and set what libraries read from the environment when they are imported.

    Raises:
        MachineError: there is no project around the working folder.
    """
    from understudy.settings import load_settings, silence_telemetry

    settings = load_settings()
    silence_telemetry()
    wanted = QUIET | dict.fromkeys(THREAD_POOLS, str(settings.threads))
    wanted["PREFECT_HOME"] = str((settings.home / "prefect").absolute())
    for name, value in wanted.items():
        os.environ.setdefault(name, value)
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    _hush_loggers()
    return settings


def _hush_loggers() -> None:
    import logging

    for name in ("alembic", "matplotlib", "optuna", "shap", "skl2onnx"):
        logging.getLogger(name).setLevel(logging.ERROR)
