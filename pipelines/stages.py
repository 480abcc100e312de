"""Running one stage by name: its module is ``pipelines.<name>`` and its entry is ``run(job)``."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path

from pipelines.job import Job
from understudy.files import replacing_folder


def run_stage(name: str, job: Job) -> Path:
    """Run a stage; its folder changes only when it succeeds.

    Returns:
        The stage's folder.
    """
    target = job.folder(name)
    with replacing_folder(target) as out:
        import_module(f"pipelines.{name}").run(replace(job, out=out))
    return target
