"""From a file to a problem that loads, ingests, validates and splits as it stands; or an error and nothing written."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from pipelines.job import Job
from pipelines.scaffold import Request, scaffold
from pipelines.stages import run_stage
from understudy.errors import DataError, MachineError, UnderstudyError
from understudy.files import write_text
from understudy.problem import ProblemSpec, load_problem
from understudy.problem.split import PARTS
from understudy.settings import Settings

pytestmark = pytest.mark.integration


def spec_of(made: Any, project: Settings) -> ProblemSpec:
    return load_problem(project.problems, made.name)


def run_to_split(spec: ProblemSpec, project: Settings) -> dict[str, Any]:
    job = Job(spec, project)
    for stage in ("ingest", "validate", "featurize", "split", "probe"):
        run_stage(stage, job)
    parts: dict[str, Any] = yaml.safe_load(job.input("split", "split.json").read_text(encoding="utf-8"))["parts"]
    return parts


def test_every_section_is_written_and_listed(make: Any, project: Settings, customers: pd.DataFrame) -> None:
    made = make(customers)
    written = yaml.safe_load(made.path.read_text(encoding="utf-8"))
    assert set(ProblemSpec.model_fields) == set(written)
    listed = (project.root / "configs" / "problems.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(listed)["problems"]["customers"] == {"source": "customers.csv"}
    assert "# the second" in listed


def test_the_gate_has_floors_that_any_honest_model_keeps(make: Any, project: Settings, customers: pd.DataFrame) -> None:
    gates = spec_of(make(customers), project).gates
    assert (gates.roc_auc, gates.brier, gates.segment_roc_auc, gates.calibration_error) == (0.5, 0.25, 0.5, 0.1)
    assert (gates.beats_baselines, gates.train_validation_gap, gates.fairness_gap) == (True, None, None)
    written = yaml.safe_load(make(customers, force=True).path.read_text(encoding="utf-8"))
    assert set(written["gates"]) == set(type(gates).model_fields)


def test_undated_rows_are_numbered_and_stratified(make: Any, project: Settings, customers: pd.DataFrame) -> None:
    parts = run_to_split(spec_of(make(customers), project), project)
    assert [parts[name]["rows"] for name in PARTS[:4]] == pytest.approx([240, 40, 40, 80], abs=2)
    rates = [part["rate"] for part in parts.values()]
    assert max(rates) - min(rates) < 0.03


def test_a_row_number_of_ones_own_is_the_id(make: Any, project: Settings, customers: pd.DataFrame) -> None:
    customers["row_number"] = np.arange(400) * 1.5
    spec = spec_of(make(customers), project)
    assert spec.id == "row_number"
    run_to_split(spec, project)


def test_dated_rows_are_split_by_time(make: Any, project: Settings, customers: pd.DataFrame) -> None:
    customers["when"] = pd.date_range("2024-01-01", periods=400, freq="h").astype(str)
    spec = spec_of(make(customers, time="when"), project)
    assert (spec.split.method, spec.tables["rows"].not_after) == ("ordered", "now")
    parts = run_to_split(spec, project)
    assert parts["train"]["until"] < parts["calibration"]["from"]


@pytest.mark.parametrize("written", ["%m/%d/%Y", "%d.%m.%Y", "%d-%b-%Y", "%Y/%m/%d %H:%M", "%B %d, %Y"])
def test_other_dates_are_read_by_the_format_that_is_found(
    make: Any, project: Settings, customers: pd.DataFrame, written: str
) -> None:
    customers["when"] = pd.date_range("2024-01-01", periods=400, freq="D").strftime(written)
    spec = spec_of(make(customers, time="when"), project)
    assert spec.columns["when"].format == written
    parts = run_to_split(spec, project)
    assert (parts["train"]["from"], parts["test"]["until"]) == ("2024-01-01T00:00:00", "2025-02-03T00:00:00")


def test_dates_are_read_by_the_format_that_is_told(make: Any, project: Settings, customers: pd.DataFrame) -> None:
    customers["when"] = pd.date_range("2024-01-01", periods=400, freq="D").strftime("%d.%m.%y")
    spec = spec_of(make(customers, time="when", time_format="%d.%m.%y"), project)
    assert spec.columns["when"].format == "%d.%m.%y"
    assert run_to_split(spec, project)["test"]["until"] == "2025-02-03T00:00:00"


def test_a_few_rows_in_the_future_are_told_and_set_aside(make: Any, project: Settings, customers: pd.DataFrame) -> None:
    times = pd.Series(pd.date_range("2024-01-01", periods=400, freq="h"))
    customers["when"] = times.where(times.index % 20 > 0, pd.Timestamp("2999-01-01")).astype(str)
    made = make(customers, time="when")
    assert (
        "20 of 400 rows lie in the future by 'when', although their outcome is known: they are set aside"
        in " ".join(made.warnings)
    )
    spec = spec_of(made, project)
    assert (spec.tables["rows"].not_after, spec.tables["rows"].quarantine) == ("now", 0.06)
    assert sum(part["rows"] for part in run_to_split(spec, project).values()) == 380


def test_many_rows_in_the_future_are_told_and_learned_from(
    make: Any, project: Settings, customers: pd.DataFrame
) -> None:
    customers["when"] = [f"{2024 if n < 200 else 2999}-01-{n % 28 + 1:02} {n % 24:02}:{n % 60:02}" for n in range(400)]
    made = make(customers, time="when")
    assert any(
        "200 of 400 rows lie in the future" in said and "not_after is left out" in said for said in made.warnings
    )
    spec = spec_of(made, project)
    assert spec.tables["rows"].not_after is None
    assert "# not_after: now # is left out, as 200 rows lie" in made.path.read_text(encoding="utf-8")
    assert sum(part["rows"] for part in run_to_split(spec, project).values()) == 400


def test_rows_of_the_future_that_wait_for_their_outcome_are_no_mistake(
    make: Any, project: Settings, customers: pd.DataFrame
) -> None:
    customers["when"] = pd.date_range("2024-01-01", periods=400, freq="h").astype(str)
    customers["left"] = customers["left"].astype(object)
    customers.loc[300:, ["when", "left"]] = ["2999-01-01", None]
    made = make(customers, time="when")
    assert not any("future" in warning for warning in made.warnings)
    assert spec_of(made, project).tables["rows"].not_after == "now"


def test_codes_are_declared_and_numbers_in_other_categories_are_refused(
    make: Any, project: Settings, customers: pd.DataFrame
) -> None:
    customers["zip"] = [f"0{n % 90}" for n in range(400)]
    spec = spec_of(make(customers), project)
    assert (spec.columns["zip"].kind, spec.columns["zip"].codes) == ("category", True)
    assert not spec.columns["plan"].codes
    run_to_split(spec, project)
    customers.assign(plan=customers["months"]).to_csv(project.root / "customers.csv", index=False)
    with pytest.raises(DataError, match=r"rows\.plan: names: is declared as category but holds numbers"):
        run_to_split(spec, project)


def test_a_column_that_falls_empty_later_is_refused(make: Any, project: Settings, customers: pd.DataFrame) -> None:
    customers["spent"] = customers["spent"].where(customers.index % 10 == 0)
    spec = spec_of(make(customers), project)
    assert 0.9 < spec.columns["spent"].nulls < 1
    run_to_split(spec, project)
    customers.assign(spent=None).to_csv(project.root / "customers.csv", index=False)
    with pytest.raises(DataError, match=r"rows\.spent: all missing: has no values at all"):
        run_to_split(spec, project)


def test_rows_of_one_customer_stay_together(make: Any, project: Settings, customers: pd.DataFrame) -> None:
    customers["customer_id"] = np.repeat(np.arange(100), 4)
    spec = spec_of(make(customers), project)
    assert (spec.split.method, spec.split.group) == ("grouped", "customer_id")
    assert sum(part["rows"] for part in run_to_split(spec, project).values()) == 400


def test_rows_that_are_alike_are_told_and_do_not_stop_the_run(
    make: Any, project: Settings, customers: pd.DataFrame
) -> None:
    made = make(pd.concat([customers, customers.head(60)]))
    assert any("26.1% of the rows equal another row" in warning for warning in made.warnings)
    spec = spec_of(made, project)
    assert spec.probes.duplicate_share == pytest.approx(0.41)
    run_to_split(spec, project)


def test_any_column_name_survives(make: Any, project: Settings, customers: pd.DataFrame) -> None:
    odd = {"months": "Größe ÷ 'x', \"y\": {z}", "plan": "# plan: [a]", "left": "no", "spent": "null"}
    spec = spec_of(make(customers.rename(columns=odd), target="no"), project)
    assert set(spec.columns) == {"row_number", *odd.values()}
    run_to_split(spec, project)


def test_rows_without_a_target_are_set_aside(make: Any, project: Settings, customers: pd.DataFrame) -> None:
    customers["left"] = customers["left"].map({True: "Yes", False: "No"})
    customers.loc[::10, "left"] = None
    made = make(customers)
    assert any("40 rows lack the target" in warning for warning in made.warnings)
    assert sum(part["rows"] for part in run_to_split(spec_of(made, project), project).values()) == 360


def test_missing_values_and_words_for_them(make: Any, project: Settings, customers: pd.DataFrame) -> None:
    customers["months"] = customers["months"].astype(object)
    customers.loc[::5, "months"] = " "
    customers.loc[1::9, "plan"] = "NA"
    spec = spec_of(make(customers), project)
    assert spec.columns["months"].kind == "number"
    assert 0.2 < spec.columns["months"].nulls < 0.4
    run_to_split(spec, project)


def test_parquet_with_types(make: Any, project: Settings, customers: pd.DataFrame) -> None:
    customers["since"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(customers["months"], unit="D")
    customers["plan"] = customers["plan"].astype("category")
    made = make(customers, file="My Data-2.parquet")
    assert made.name == "my_data_2"
    spec = spec_of(made, project)
    assert (spec.columns["since"].kind, spec.columns["since"].role) == ("time", "context")
    assert any("--time 'since'" in warning for warning in made.warnings)
    run_to_split(spec, project)


def test_semicolons_commas_and_windows_letters(project: Settings, customers: pd.DataFrame) -> None:
    path = project.root / "kunden.csv"
    customers["plan"] = customers["plan"].map({"basic": "für alle", "plus": "größer"})
    customers.to_csv(path, sep=";", decimal=",", index=False, encoding="cp1252")
    made = scaffold(Request(path, "left"), project)
    kinds = {guess.name: guess.kind for guess in made.columns}
    assert kinds == {"row_number": "number", "months": "number", "plan": "category", "spent": "number", "left": "flag"}
    assert any("kunden.csv is not in UTF-8" in warning for warning in made.warnings)
    run_to_split(spec_of(made, project), project)


def test_numbers_that_changed_places_are_refused_where_ranges_tell(
    make: Any, project: Settings, customers: pd.DataFrame
) -> None:
    customers["income"] = np.linspace(9_000, 250_000, len(customers))
    spec = spec_of(make(customers), project)
    about = spec.columns["income"]
    assert (about.low, about.high) == (-300_000, 500_000)
    run_to_split(spec, project)
    swapped = customers.rename(columns={"income": "months", "months": "income"})
    swapped.to_csv(project.root / "customers.csv", index=False)
    with pytest.raises(DataError, match=r"because: months \d+\.?\d* is outside"):
        run_stage("ingest", Job(spec, project))


def test_empty_and_nameless_columns_are_left_out(make: Any, project: Settings, customers: pd.DataFrame) -> None:
    customers["nothing"] = np.nan
    customers[""] = 1
    made = make(customers)
    assert set(spec_of(made, project).columns) == {"row_number", "months", "plan", "spent", "left"}
    assert sum("left out" in warning for warning in made.warnings) == 2
    assert "# Left out: nothing is empty in every row." in made.path.read_text(encoding="utf-8")
    run_to_split(spec_of(made, project), project)


def test_hundreds_of_columns(make: Any, project: Settings, customers: pd.DataFrame) -> None:
    noise = np.random.default_rng(0).normal(size=(400, 300)).round(3)
    wide = pd.concat([customers, pd.DataFrame(noise, columns=[f"f{n}" for n in range(300)])], axis=1)
    spec = spec_of(make(wide), project)
    assert len(spec.inputs) == 303
    assert spec.candidates[1].trials == 3


def test_outside_the_project_the_path_is_absolute(
    project: Settings, customers: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("elsewhere") / "c.csv"
    customers.to_csv(path, index=False)
    assert spec_of(scaffold(Request(path, "left"), project), project).source.path == str(path)


def tree(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def headed(text: str) -> Any:
    return lambda _, path: path.write_text(text)


def csv(change: Any) -> Any:
    return lambda frame, path: change(frame).to_csv(path, index=False)


BAD: dict[str, tuple[Any, dict[str, Any], str, str]] = {
    "empty file": (headed(""), {}, "is empty", "header and rows"),
    "only a header": (headed("months,left\n"), {}, "no rows", "with rows"),
    "ragged": (headed("a,left\n1,2,3\n"), {}, "cannot be read", "as long as the header"),
    "repeated names": (headed("a,a,left\n1,2,3\n"), {}, "twice: a", "Rename"),
    "no such target": (csv(lambda f: f), {"target": "Lefts"}, "no column 'Lefts'", "Did you mean 'left'"),
    "no such time": (csv(lambda f: f), {"time": "zz"}, "no column 'zz' for --time", "It has months, plan"),
    "not a time": (
        csv(lambda f: f),
        {"time": "plan"},
        "'plan' of customers.csv holds no dates in a known form, but '",
        "--time-format",
    ),
    "a format without a time": (csv(lambda f: f), {"time_format": "%d.%m.%Y"}, "no --time", "--time"),
    "two orders of day and month": (
        csv(lambda f: f.assign(at=[f"{n % 12 + 1}/{n % 11 + 1}/{2000 + n // 24}" for n in range(400)])),
        {"time": "at"},
        "can be read in two ways: in '1/2/2000'",
        "--time-format '%m/%d/%Y' or --time-format '%d/%m/%Y'",
    ),
    "one date for half of the rows": (
        csv(lambda f: f.assign(at=["2024-01-01"] * 150 + ["2999-12-31"] * 250)),
        {"time": "at"},
        "250 of 400 are at 2999-12-31 00:00:00 in the future",
        "Leave the time empty",
    ),
    "repeated id": (csv(lambda f: f), {"id": "plan"}, "is not unique: 398 of 400", "Leave --id out"),
    "gaps in the id": (
        csv(lambda f: f.assign(k=f["months"].where(f.index > 5))),
        {"id": "k"},
        "missing in 6",
        "--id out",
    ),
    "one class": (csv(lambda f: f.assign(left=1)), {}, "one class, '1'", "another --target"),
    "too few rows": (csv(lambda f: f.head(30)), {}, "has 30 rows", "Gather more"),
    "nothing beside the target": (csv(lambda f: f[["left"]]), {}, "no column to learn from", "Add columns"),
    "all columns empty": (csv(lambda f: f[["left"]].assign(a=None, b=None)), {}, "no column to learn from", "filled"),
    "a bad name": (csv(lambda f: f), {"name": "My Data"}, "cannot name a problem", "lower-case"),
    "a target as time": (csv(lambda f: f), {"time": "left"}, "name the same column", "its own column"),
    "a target as id": (csv(lambda f: f), {"id": "left"}, "name the same column", "its own column"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_an_error_and_writes_nothing(case: str, project: Settings, customers: pd.DataFrame) -> None:
    write, asked, what, fix = BAD[case]
    path = project.root / "customers.csv"
    write(customers, path)
    before = tree(project.root)
    with pytest.raises(UnderstudyError) as error:
        scaffold(Request(path, **{"target": "left", **asked}), project)
    assert what in error.value.what
    assert fix in error.value.fix
    assert tree(project.root) == before


def test_a_missing_file_and_a_damaged_one(project: Settings) -> None:
    for path, what in ((project.root / "none.csv", "does not exist"), (project.root, "is a folder")):
        with pytest.raises(UnderstudyError, match=what) as missing:
            scaffold(Request(path, "left", name="any"), project)
        assert "YAML" not in missing.value.fix
    damaged = project.root / "d.parquet"
    damaged.write_bytes(b"PAR1 and nothing else PAR1")
    with pytest.raises(UnderstudyError, match="cannot be read"):
        scaffold(Request(damaged, "left"), project)


@pytest.mark.parametrize("force", [False, True])
def test_a_full_disk_leaves_both_files_or_neither(
    make: Any, project: Settings, customers: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, force: bool
) -> None:
    if force:
        make(customers)
    customers.to_csv(project.root / "customers.csv", index=False)
    before = tree(project.root)

    writes: list[str] = []

    def full(path: Path, text: str) -> Path:
        writes.append(path.name)
        if "problems.yaml" in writes:
            raise MachineError("No space left on the disk.", "Free some space.")
        return write_text(path, text)

    with monkeypatch.context() as patch:
        patch.setattr("pipelines.scaffold.write.write_text", full)
        with pytest.raises(MachineError):
            make(customers, positive="True", force=force)
    assert tree(project.root) == before
    assert make(customers, force=force).path.exists()


def test_few_categories_are_listed_and_the_list_is_open(make: Any, project: Settings, customers: pd.DataFrame) -> None:
    customers["plan"] = customers["plan"].map({"basic": 'a "b", c', "plus": "yes, no"})
    customers["shop"] = [f"s{n % 40}" for n in range(400)]
    spec = spec_of(make(customers), project)
    assert spec.columns["plan"].categories == ('a "b", c', "yes, no", "...")
    assert spec.columns["shop"].categories == spec.columns["left"].categories == ()
    customers.loc[:199, "plan"] = "new"
    customers.to_csv(project.root / "customers.csv", index=False)
    assert sum(part["rows"] for part in run_to_split(spec, project).values()) == 400


def test_a_strong_honest_column_trains_as_written(make: Any, project: Settings, customers: pd.DataFrame) -> None:
    random = np.random.default_rng(5)
    many = pd.concat([customers] * 5, ignore_index=True).drop(columns=["months"])
    many["spent"] = random.normal(size=len(many))
    many["minutes"] = random.normal(size=len(many)) + 1.7 * many["left"]
    spec = spec_of(make(many), project)
    assert (spec.columns["minutes"].role, spec.probes.allow) == ("feature", ("minutes",))
    run_to_split(spec, project)


def test_a_problem_is_replaced_only_by_force(make: Any, project: Settings, customers: pd.DataFrame) -> None:
    first = make(customers).path.read_text(encoding="utf-8")
    before = tree(project.root)
    with pytest.raises(UnderstudyError, match="exists"):
        make(customers, positive="True")
    assert tree(project.root) == before
    again = make(customers, positive="True", force=True)
    assert again.path.read_text(encoding="utf-8") != first
    listed = yaml.safe_load((project.root / "configs" / "problems.yaml").read_text(encoding="utf-8"))
    assert list(listed["problems"]) == ["bank", "customers"]
