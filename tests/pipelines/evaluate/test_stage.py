"""The stage from the outside: it reads the test rows once, writes what the contract says, and the same each time."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from parcels import LOGISTIC, make_job, make_spec, write_inputs
from sklearn.metrics import average_precision_score, roc_auc_score

from pipelines.evaluate import evidence, run
from pipelines.evaluate.report import render_report
from pipelines.job import Job
from understudy.errors import BundleError
from understudy.statistics.decisions import cost_per_1000

pytestmark = [
    pytest.mark.integration,
    # SHAP's plots, which its package imports, use names that matplotlib is about to drop.
    pytest.mark.filterwarnings("ignore:The set_(bad|over|under) function:PendingDeprecationWarning"),
]

ROOT = Path(__file__).resolve().parents[3]
HEADLINES = {
    *("roc_auc", "pr_auc", "brier", "log_loss", "cost_per_1000", "calibration_error", "accuracy"),
    *("balanced_accuracy", "precision", "recall", "f1"),
}


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """A dated problem with a protected column, judged in full."""
    root, spec = tmp_path_factory.mktemp("dated"), make_spec()
    write_inputs(spec, root / "data")
    job = make_job(spec, root)
    run(job)
    return job


@pytest.fixture(scope="module")
def figures(judged: Job) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((judged.out / "metrics.json").read_text())
    return found


def test_figures_are_those_of_the_judged_rows(judged: Job, figures: dict[str, Any]) -> None:
    rows = pq.read_table(judged.out / "judged.parquet").to_pandas()
    assert figures["rows"] == len(rows) == 400
    assert figures["positives"] == rows["y"].sum()
    assert set(figures["test"]) == set(figures["baselines"]["majority"]) == HEADLINES
    assert figures["test"]["roc_auc"]["value"] == pytest.approx(roc_auc_score(rows["y"], rows["score"]), abs=1e-9)
    precision = average_precision_score(rows["y"], rows["score"])
    assert figures["test"]["pr_auc"]["value"] == pytest.approx(precision, abs=1e-9)
    cost = cost_per_1000(rows["y"].to_numpy(), rows["decision"].to_numpy(), judged.spec.costs)
    assert figures["test"]["cost_per_1000"]["value"] == pytest.approx(cost, abs=1e-9)
    assert (rows["decision"] == (rows["score"] >= figures["threshold"])).all()
    assert figures["test"]["roc_auc"]["low"] < figures["test"]["roc_auc"]["value"] < figures["test"]["roc_auc"]["high"]


def test_judged_rows_hold_what_later_comparisons_need(judged: Job) -> None:
    names = pq.read_schema(judged.out / "judged.parquet").names
    first = ["id", "block", "y", "score", "decision", "score__majority", "decision__majority"]
    assert names == [*first, "town", "size", "group", "noise"]
    blocks = pq.read_table(judged.out / "judged.parquet")["block"].to_pylist()
    assert blocks[0] == "2024-04-10"
    assert len(set(blocks)) == 34


def test_the_page_stands_alone_and_is_drawn_from_the_figures_only(judged: Job, figures: dict[str, Any]) -> None:
    page = (judged.out / "report.html").read_text()
    assert page == render_report(figures)
    assert len(page) < 3_000_000
    outside = re.findall(r'(?:src|href)="(?!#|data:)[^"]*"|url\((?!#)[^)]*\)|@import|<script', page)
    assert outside == []
    for key in ("quality", "costs", "ranking", "calibration", "timeline", "segments", "weak", "fairness", "importance"):
        assert f'id="{key}"' in page
    for key in ("dependence", "shap", "worst", "projection", "curves", "search"):
        assert f'id="{key}"' in page


def test_a_second_run_reads_the_test_rows_once_and_writes_the_same_bytes(
    judged: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    real = pq.read_table

    def counting(path: Path, *args: Any, **options: Any) -> Any:
        opened.append(Path(path).name)
        return real(path, *args, **options)

    monkeypatch.setattr(pq, "read_table", counting)
    run(Job(spec=judged.spec, settings=judged.settings, out=tmp_path))
    assert opened.count("test.parquet") == 1
    for file in ("metrics.json", "report.html", "judged.parquet"):
        assert (tmp_path / file).read_bytes() == (judged.out / file).read_bytes(), file


def test_no_other_stage_names_the_test_part() -> None:
    for path in sorted((ROOT / "pipelines").rglob("*.py")):
        texts = [node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)]
        assert "test.parquet" not in texts, path
        if path.is_relative_to(ROOT / "pipelines" / "evaluate"):
            continue
        reads = [node for node in ast.walk(ast.parse(path.read_text())) if _reads_test(node)]
        assert not reads, f"{path} reads the test part"


def _reads_test(node: ast.AST) -> bool:
    """Whether this is a call such as ``job.input("split", "test.parquet")`` or ``read_part("test")``."""
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    given = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
    return (name.startswith("read") or name == "input") and any(str(value).split(".")[0] == "test" for value in given)


def test_the_fast_profile_leaves_out_what_is_slow_and_says_so(tmp_path: Path) -> None:
    spec = make_spec()
    write_inputs(spec, tmp_path / "data")
    (tmp_path / "var" / "fast" / spec.name).parent.mkdir(parents=True)
    (tmp_path / "var" / "fast" / spec.name).symlink_to(tmp_path / "data" / spec.name)
    seen: list[tuple[float, str]] = []
    run(make_job(spec, tmp_path, profile="fast", progress=lambda share, words: seen.append((share, words))))
    figures = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert set(figures["skipped"]) == {"shap", "learning_curve", "validation_curve"}
    assert "fast profile" in (tmp_path / "out" / "report.html").read_text()
    shares = [share for share, _ in seen]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_a_small_problem_without_time_or_protected_columns(tmp_path: Path) -> None:
    spec = make_spec(LOGISTIC, dated=False, protected=False)
    write_inputs(spec, tmp_path / "data", {"train": 110, "calibration": 50, "validation": 50, "test": 50})
    job = make_job(spec, tmp_path)
    run(job)
    figures = json.loads((job.out / "metrics.json").read_text())
    assert figures["timeline"] == []
    assert figures["fairness"] == []
    assert figures["period"] is None
    assert figures["blocks"] == {"count": 50, "span": "consecutive rows"}
    assert {row["column"] for row in figures["segments"]} == {"town"}
    assert figures["skipped"]["learning_curve"] == "there are too few training rows"
    assert figures["shap"]["scale"] == "log-odds"
    assert "no event time" in (job.out / "report.html").read_text()


def test_a_model_of_other_inputs_is_refused(judged: Job, tmp_path: Path) -> None:
    columns = judged.spec.tables["parcels"].columns
    fewer = {name: column for name, column in columns.items() if name != "noise"}
    table = judged.spec.tables["parcels"].model_copy(update={"columns": fewer})
    spec = judged.spec.model_copy(update={"tables": {"parcels": table}})
    with pytest.raises(BundleError, match="other inputs"):
        evidence.read_evidence(Job(spec=spec, settings=judged.settings, out=tmp_path))


def test_curves_are_compact(figures: dict[str, Any]) -> None:
    curves = figures["curves"]
    assert all(len(points) <= 101 for points in (*curves["roc"].values(), *curves["precision_recall"].values()))
    assert len(curves["cost"]["validation"]) <= 101
    assert len(curves["cost"]["test"]) == 101
    assert np.isfinite(curves["scores"]["positive"]).all()
