"""Watching a window as a Prefect flow: read it, measure every side of it, record it, and make its page."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from prefect import flow
from prefect.artifacts import create_link_artifact, create_table_artifact

from monitoring.snapshot import Examination, Watched
from understudy.adapters.prefect_server import prefect_api
from understudy.adapters.prefect_step import run_step
from understudy.files import write_text
from understudy.records import Alert, Snapshot

Result = TypeVar("Result")
Record = Callable[[Snapshot], tuple[Alert, ...]]
"""Stores a snapshot with the alerts that it raises, acts on them, and returns them as they stand."""
Progress = Callable[[float, str], None]
"""Called with the share that is done (0 to 1) and what is under way."""


def under_prefect(examination: Examination, record: Record, progress: Progress) -> Watched:
    """Run the flow. It closes over the examination, because Prefect would store a parameter as JSON."""
    look, home = examination.look, examination.settings.home
    page = Path("reports", look.spec.name, "windows", f"{look.name}.html")
    sides: dict[str, Callable[[], None]] = {
        "read": examination.read,
        "data quality": examination.data_quality,
        "skew": examination.skew,
        "drift": examination.drift,
        "evidently": lambda: _evidently(examination, home / page.parent),
        "quality": examination.quality,
        "service": examination.service,
    }

    seconds: dict[str, float] = {}

    def step(name: str, work: Callable[[], Result]) -> Result:
        progress(len(seconds) / (len(sides) + 2), name)
        started = time.perf_counter()
        result = run_step(name, work)
        seconds[name] = round(time.perf_counter() - started, 3)
        return result

    @flow(name="monitor", flow_run_name=f"{look.spec.name} until {look.until:%Y-%m-%d %H:%M}", persist_result=False)
    def monitor() -> Watched:
        for name, side in sides.items():
            step(name, side)
        snapshot = examination.snapshot(page.as_posix())
        alerts = step("record", lambda: record(snapshot))
        step("page", lambda: _page(examination, snapshot, alerts, home / page))
        return Watched(snapshot, alerts, home / page, seconds)

    with prefect_api(home):
        return monitor()


def _evidently(examination: Examination, folder: Path) -> None:
    """Evidently's own page of the same comparison, in its workspace too."""
    from monitoring.drift.report import evidently_report

    drift, champion, look = examination.compared, examination.champion, examination.look
    if drift is None or not drift.windows:
        return
    workspace = examination.settings.home / "evidently"
    made = evidently_report(
        examination.current, champion.reference, drift, look.spec, folder, look.until, workspace=workspace
    )
    examination.findings["drift"].details["evidently"] = made.name


def _page(examination: Examination, snapshot: Snapshot, alerts: tuple[Alert, ...], path: Path) -> None:
    from monitoring.pages.window import render_window

    write_text(path, render_window(snapshot, alerts, examination.look.spec))
    _artifacts(snapshot, alerts, path)


def _artifacts(snapshot: Snapshot, alerts: tuple[Alert, ...], path: Path) -> None:
    key = snapshot.problem.replace("_", "-")
    create_link_artifact(key=f"{key}-window", link=path.resolve().as_uri(), link_text=f"Window of {snapshot.problem}")
    past = [reading for reading in snapshot.readings if _is_past(reading.value, reading.limit)]
    create_table_artifact(
        key=f"{key}-limits",
        table=[reading.model_dump(include={"name", "value", "limit", "rows", "about"}) for reading in past],
        description=f"{len(past)} readings past their own limit, {len(alerts)} alerts",
    )


def _is_past(value: float | None, limit: float | None) -> bool:
    return value is not None and limit is not None and value > limit
