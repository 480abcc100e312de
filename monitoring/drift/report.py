"""Evidently's page of a window, and its place in Evidently's own workspace.

Method and threshold of every column are those of the comparison, never Evidently's defaults: those choose the method by
the number of rows, and know nothing of days that resemble each other.
"""

from datetime import datetime, timedelta
from html import escape
from pathlib import Path
from uuid import NAMESPACE_URL, UUID, uuid5

import numpy as np
import pandas as pd
import pyarrow as pa
from evidently import DataDefinition, Dataset, Report
from evidently.core.report import Snapshot
from evidently.presets import DataDriftPreset
from evidently.sdk.models import PanelMetric, ProjectModel
from evidently.sdk.panels import line_plot_panel
from evidently.ui.workspace import Workspace

from monitoring.drift.coded import within
from monitoring.drift.columns import floats
from monitoring.drift.compare import with_decision
from monitoring.drift.found import ColumnDrift, Drift
from understudy.files import write_text
from understudy.problem import ProblemSpec
from understudy.settings import silence_telemetry

MOST_ROWS = 50_000
"""Rows of a window that Evidently sees, drawn evenly."""
SHOWN = ("score", "decision")
"""Columns whose history the project shows first."""
NAME = "evidently-{until:%Y-%m-%dT%H%M}-{span}.html"


def evidently_report(
    current: pa.Table,
    reference: pa.Table,
    drift: Drift,
    spec: ProblemSpec,
    folder: Path,
    as_of: datetime,
    workspace: Path | None = None,
) -> Path:
    """Write the page into ``folder``, and file the run under ``as_of`` in the workspace.

    The same window filed again takes the place of the earlier run.

    Args:
        current, reference, drift: what ``drift_of`` compared, and what it found.
        workspace: Evidently's workspace, for ``evidently ui --workspace``; none leaves it out.

    Returns:
        The page: HTML with everything inside, 5 to 7 MB for 44 columns.
    """
    silence_telemetry()
    compared = [column for column in drift.columns if _is_compared(column)]
    shown = evenly(current, MOST_ROWS)
    run = _run(shown, reference, compared, spec, drift, as_of)
    page = folder / NAME.format(until=as_of, span=_span(drift.span))
    html = run.get_html_str(as_iframe=False)
    write_text(page, html.replace("<body>", f"<body>{_preface(drift, shown.num_rows)}", 1))
    if workspace is not None:
        _file(run, workspace, spec, f"{as_of:%Y-%m-%dT%H:%M:%S}/{_span(drift.span)}")
    return page


def evenly(table: pa.Table, rows: int) -> pa.Table:
    """At most so many rows, evenly spaced."""
    if table.num_rows <= rows:
        return table
    return table.take(pa.array(np.linspace(0, table.num_rows - 1, rows).astype(np.int64)))


def _is_compared(column: ColumnDrift) -> bool:
    return column.value is not None and column.limit is not None


def _run(
    current: pa.Table,
    reference: pa.Table,
    compared: list[ColumnDrift],
    spec: ProblemSpec,
    drift: Drift,
    as_of: datetime,
) -> Snapshot:
    names = [column.name for column in compared]
    categories = [name for name in names if name in spec.categories or name == "decision"]
    definition = DataDefinition(
        numerical_columns=[name for name in names if name not in categories], categorical_columns=categories
    )
    sides = (with_decision(table, drift.threshold) for table in (current, reference))
    frames = [_frame(side, reference, names, categories) for side in sides]
    preset = DataDriftPreset(
        columns=names,
        drift_share=1 / len(names),
        per_column_method={column.name: column.measure for column in compared},
        per_column_threshold={column.name: column.limit or 0.0 for column in compared},
    )
    now, before = (Dataset.from_pandas(frame, data_definition=definition) for frame in frames)
    return Report([preset]).run(now, before, timestamp=as_of, name=f"{spec.name} {_span(drift.span)} until {as_of}")


def _frame(table: pa.Table, reference: pa.Table, names: list[str], categories: list[str]) -> pd.DataFrame:
    columns = {
        name: table[name].cast(pa.string()).fill_null("").to_pandas().astype(object)
        if name in categories
        else within(floats(reference[name]), floats(table[name]))
        for name in names
    }
    return pd.DataFrame(columns)


def _file(run: Snapshot, folder: Path, spec: ProblemSpec, key: str) -> None:
    """Projects and runs have ids of their names, so that filing twice leaves one."""
    folder.mkdir(parents=True, exist_ok=True)
    workspace, project = Workspace.create(str(folder)), _id(spec.name)
    if workspace.get_project(project) is None:
        _start(workspace, project, spec)
    workspace.state.write_snapshot(project, _id(f"{spec.name}/{key}"), run.to_snapshot_model())


def _start(workspace: Workspace, project: UUID, spec: ProblemSpec) -> None:
    about = f"{spec.title} Each run is a window against the champion's training rows."
    made = workspace.add_project(ProjectModel(id=project, name=spec.name, description=about))
    count = PanelMetric(legend="columns", metric="DriftedColumnsCount", metric_labels={"value_type": "count"})
    made.dashboard.add_panel(line_plot_panel("Columns past their limit", [count], size="half"))
    scores = [PanelMetric(legend=name, metric="ValueDrift", metric_labels={"column": name}) for name in SHOWN]
    made.dashboard.add_panel(line_plot_panel("Drift of scores and decisions", scores, size="half"))


def _id(name: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"understudy:{name}")


def _span(span: timedelta) -> str:
    hours = round(span.total_seconds() / 3600)
    return f"{hours // 24}d" if hours % 24 == 0 else f"{hours}h"


def _preface(drift: Drift, shown: int) -> str:
    """What Evidently's page cannot know: where limits come from, what was left out, and what is past its limit."""
    compared = f"{drift.rows:,} rows of this window against {drift.reference_rows:,} training rows."
    calm = f"{drift.windows} calm windows of training ({drift.how}; {drift.independent} of them independent)"
    often = f"they are set for some column to pass its own in {drift.alpha:.0%} of calm windows."
    ends = "Values outside of the training range are drawn at its ends; missing values are left out."
    lines = [f"{compared} Limits come from {calm}: {often} {drift.note}", ends]
    if shown < drift.rows:
        lines.append(f"Evidently sees {shown:,} rows, evenly drawn: its figures differ from ours in the third digit.")
    if left_out := [column.name for column in drift.columns if not _is_compared(column)]:
        lines.append(f"Not compared, for want of values: {', '.join(left_out)}.")
    rows = "".join(f"<li>{escape(_past(column))}</li>" for column in drift.suspects)
    body = "".join(f"<p>{escape(line)}</p>" for line in lines)
    found = (
        f"<p>Past their limit, furthest first:</p><ol>{rows}</ol>" if rows else "<p>No column is past its limit.</p>"
    )
    return (
        f'<section style="font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto">{body}{found}</section>'
    )


def _past(column: ColumnDrift) -> str:
    if column.gone:
        return f"{column.name}: {column.missing:.0%} of the values are missing, {column.missing_before:.0%} in training"
    if column.new is not None and column.new > column.new_limit:
        return f"{column.name}: {column.new:.1%} of the values do not occur in training (limit {column.new_limit:.1%})"
    return f"{column.name}: {column.measure} {column.value:.3f} (limit {column.limit:.3f})"
