"""What the commands on experiments are carried out with, and what people name on the command line."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from cli.deployments import deployed_problems
from cli.indexing import refresh_index

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from monitoring.experiments.act import Means
    from understudy.problem import ProblemSpec
    from understudy.records import Experiment
    from understudy.settings import Settings


def open_means(spec: "ProblemSpec", settings: "Settings") -> "Means":
    """What experiments are followed with; nothing is contacted yet."""
    from monitoring.experiments.act import Means
    from understudy.adapters import (
        open_bundle_store,
        open_deployment_log,
        open_ledger,
        open_registry,
        open_watch_log,
    )
    from understudy.deploying import Deployer

    log = open_deployment_log(settings)
    deployer = Deployer(log, open_registry(settings), open_bundle_store(settings))
    return Means(spec, open_ledger(settings), open_watch_log(settings), log, deployer, now)


def write_page(experiment: "Experiment", spec: "ProblemSpec", settings: "Settings") -> "Path":
    """Draw the experiment's page anew, and the index that leads to it; of a plan that was altered the page stays."""
    from monitoring.experiments.page import page_path, render_experiment
    from monitoring.experiments.plan import AlteredPlanError
    from understudy.files import write_text

    page = settings.home / page_path(spec.name, experiment.name)
    told = page.is_file() and experiment.state == "running"
    with suppress(AlteredPlanError):
        write_text(page, render_experiment(experiment, spec))
    if not told:
        refresh_index(spec, settings)
    return page


def experiment_of(name: str, problem: str, means: "Means") -> "Experiment":
    from understudy.errors import UnderstudyError

    found = means.watch.experiment(problem, name)
    if found is None:
        raise UnderstudyError(
            f"{problem} has no experiment {name}.", f"`understudy experiment list --problem {problem}` names them."
        )
    return found


def spec_of(given: str | None, settings: "Settings") -> "ProblemSpec":
    from understudy.errors import DeploymentError
    from understudy.problem import load_problem

    deployed = [given] if given else deployed_problems(settings)
    if len(deployed) != 1:
        what = f"{', '.join(deployed)} are deployed." if deployed else "Nothing is deployed yet."
        raise DeploymentError(what, "Say which problem is meant with --problem.")
    return load_problem(settings.problems, deployed[0])


def version_of(registry: Any, text: str, problem: str) -> Any:
    from cli.naming import find
    from understudy.errors import RegistryError

    version = find(registry, text, problem)
    if version.problem != problem:
        raise RegistryError(f"{text} is no version of {problem}.", f"Name one of {problem}, or say --problem.")
    return version


def mode_of(text: str) -> Any:
    from understudy.errors import DataError

    if text not in ("ab", "canary"):
        raise DataError(f"There is no mode {text!r} for an experiment.", "Write ab or canary.")
    return text


def span_of(text: str | None, option: str) -> Any:
    from understudy.errors import DataError
    from understudy.problem import parse_span

    try:
        return parse_span(text) if text else None
    except ValueError as error:
        raise DataError(f"{option} {text} is no span.", "Write a whole number and m, h, d or w, as in 28d.") from error


def now() -> "datetime":
    """By the machine's clock, UTC without zone."""
    from monitoring.alerts.acting import utc_now

    return utc_now()
