"""Evidently's figures are ours, and its workspace keeps the history."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from monitoring.drift import drift_of
from monitoring.drift.coded import coded_numbers, coded_texts
from monitoring.drift.measures import MEASURES
from understudy.problem import ProblemSpec

pytestmark = [
    pytest.mark.integration,
    # Of Evidently 0.7.23 and what it imports.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

WEEK = timedelta(days=7)
UNTIL = datetime(2024, 7, 7)
DRAW = np.random.default_rng(5)

SAMPLES = {
    "many values": (DRAW.normal(size=4_000), DRAW.normal(0.3, 1.2, 900)),
    "skewed": (DRAW.exponential(size=4_000) ** 3, DRAW.exponential(size=300) ** 3),
    "few values": (DRAW.integers(0, 7, 4_000).astype(float), DRAW.integers(2, 9, 900).astype(float)),
    "missing": (np.where(DRAW.random(900) < 0.4, np.nan, DRAW.normal(size=900)), DRAW.normal(size=200)),
    "rare values": (np.r_[np.zeros(30_000), 1.0], np.r_[np.zeros(50), np.ones(3)]),
    "categories": (DRAW.choice(["a", "b", ""], 2_000), DRAW.choice(["b", "", "c"], 300)),
}


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("sample", SAMPLES)
def test_measures_agree_with_evidently(name: str, sample: str) -> None:
    from evidently.legacy.calculations.stattests.registry import get_registered_stattest
    from evidently.legacy.core import ColumnType

    reference, current = SAMPLES[sample]
    if sample == "categories":
        kind, coded = ColumnType.Categorical, coded_texts(pa.chunked_array([reference]), pa.chunked_array([current]))
    else:
        kind, coded = ColumnType.Numerical, coded_numbers(reference, current)
    theirs = get_registered_stattest(name, kind)(
        pd.Series(reference).dropna(), pd.Series(current).dropna(), kind, threshold=0.1
    )
    counts = [np.bincount(codes, minlength=coded.bins)[: coded.bins] for codes in (coded.reference, coded.current)]
    assert float(MEASURES[name](*counts)) == pytest.approx(theirs.drift_score, abs=1e-9)


@pytest.fixture(scope="module")
def filed(
    tmp_path_factory: pytest.TempPathFactory,
    make_spec: Callable[..., ProblemSpec],
    make_rows: Callable[..., pa.Table],
    put: Any,
) -> dict[str, Any]:
    """Two weeks, the second with a shift and a lost column, filed twice."""
    from monitoring.drift.report import evidently_report

    folder = tmp_path_factory.mktemp("filed")
    spec, reference, pages = make_spec(), make_rows(), []
    for number in (0, 1, 1):
        week = make_rows(7, 181 + 7 * number)
        if number:
            lost = np.full(week.num_rows, np.nan, np.float32)
            week = put(week, delay=week["delay"].to_numpy() + np.float32(3), warmth=lost)
        drift = drift_of(week, reference, spec, WEEK, threshold=0.2)
        until = UNTIL + number * WEEK
        pages.append(evidently_report(week, reference, drift, spec, folder / "pages", until, folder / "evidently"))
    return {"pages": pages, "drift": drift, "workspace": folder / "evidently"}


def test_pages_and_workspace(filed: dict[str, Any]) -> None:
    from evidently.ui.workspace import Workspace

    page = filed["pages"][-1]
    assert page.name == "evidently-2024-07-14T0000-7d.html"
    assert len({path.name for path in filed["pages"]}) == 2
    text = page.read_text(encoding="utf-8")
    assert "174 calm windows of training (moving blocks; 25 of them independent)" in text
    assert "<li>warmth: 100% of the values are missing, 0% in training</li><li>delay: psi" in text
    assert "Not compared, for want of values: warmth." in text
    assert "<script src=" not in text

    workspace = Workspace(str(filed["workspace"]))
    project = workspace.search_project("parcels")[0]
    runs = sorted((workspace.get_run(project.id, run) for run in workspace.list_runs(project.id)), key=_when)
    assert [run.timestamp for run in runs] == [UNTIL, UNTIL + WEEK]
    assert [panel.title for panel in project.dashboard.model().panels] == [
        "Columns past their limit",
        "Drift of scores and decisions",
    ]


def test_what_evidently_shows_is_what_was_decided(filed: dict[str, Any]) -> None:
    from evidently.ui.workspace import Workspace

    workspace, drift = Workspace(str(filed["workspace"])), filed["drift"]
    project = workspace.search_project("parcels")[0]
    run = max((workspace.get_run(project.id, run) for run in workspace.list_runs(project.id)), key=_when)
    shown = {}
    for result in run.metric_results.values():
        config = result.metric_value_location.metric.params
        if "column" in config:
            shown[config["column"]] = (result.value, config["method"], config["threshold"])
    compared = {column.name: column for column in drift.columns if column.value is not None}
    assert set(shown) == set(compared)
    for name, (value, method, threshold) in shown.items():
        assert value == pytest.approx(compared[name].value, abs=1e-9)
        assert (method, threshold) == (compared[name].measure, compared[name].limit)


def test_a_large_window_is_thinned_evenly() -> None:
    from monitoring.drift.report import evenly

    table = pa.table({"row": np.arange(300_000)})
    kept = evenly(table, 50_000)["row"].to_numpy()
    assert (len(kept), kept[0], kept[-1]) == (50_000, 0, 299_999)
    assert set(np.diff(kept)) <= {5, 6, 7}
    assert evenly(table, 300_000) is table


def _when(run: Any) -> datetime:
    moment: datetime = run.timestamp
    return moment
