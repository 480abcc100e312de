"""The index of reports, made anew by every command that writes a page."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from understudy.problem import ProblemSpec
    from understudy.settings import Settings


def refresh_index(spec: "ProblemSpec", settings: "Settings") -> Path | None:
    """Write the problem's index; none where a store is out of reach, since the page that was asked for is there."""
    from monitoring.pages.index import write_index
    from monitoring.pages.training import keep_training_report
    from understudy.adapters import open_bundle_store, open_deployment_log, open_watch_log
    from understudy.errors import StoreError

    with suppress(StoreError):
        serving = open_deployment_log(settings).newest(spec.name)
        if serving is not None:
            keep_training_report(serving.champion, spec.name, open_bundle_store(settings), settings.home)
        return write_index(settings.home, spec.name, spec.title, open_watch_log(settings))
    return None
