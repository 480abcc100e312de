"""From a file to a problem that loads, ingests, validates and splits as it stands."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from pipelines.job import Job
from pipelines.scaffold import Request, Scaffold, scaffold
from pipelines.stages import run_stage
from understudy.errors import DataError
from understudy.problem import ProblemSpec
from understudy.problem.split import PARTS
from understudy.settings import Settings

pytestmark = pytest.mark.integration

SpecOf = Callable[[Scaffold], ProblemSpec]
RunToSplit = Callable[[ProblemSpec], dict[str, Any]]


def test_every_section_is_written_and_listed(make: Any, project: Settings, customers: pd.DataFrame) -> None:
    made = make(customers)
    written = yaml.safe_load(made.path.read_text(encoding="utf-8"))
    assert set(ProblemSpec.model_fields) == set(written)
    listed = (project.root / "configs" / "problems.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(listed)["problems"]["customers"] == {"source": "customers.csv"}
    assert "# the second" in listed


def test_the_gate_has_floors_that_any_honest_model_keeps(make: Any, customers: pd.DataFrame, spec_of: SpecOf) -> None:
    gates = spec_of(make(customers)).gates
    assert (gates.roc_auc, gates.brier, gates.segment_roc_auc, gates.calibration_error) == (0.5, 0.25, 0.5, 0.1)
    assert (gates.beats_baselines, gates.train_validation_gap, gates.fairness_gap) == (True, None, None)
    written = yaml.safe_load(make(customers, force=True).path.read_text(encoding="utf-8"))
    assert set(written["gates"]) == set(type(gates).model_fields)


def test_undated_rows_are_numbered_and_stratified(
    make: Any, customers: pd.DataFrame, spec_of: SpecOf, run_to_split: RunToSplit
) -> None:
    parts = run_to_split(spec_of(make(customers)))
    assert [parts[name]["rows"] for name in PARTS[:4]] == pytest.approx([240, 40, 40, 80], abs=2)
    rates = [part["rate"] for part in parts.values()]
    assert max(rates) - min(rates) < 0.03


def test_a_row_number_of_ones_own_is_the_id(
    make: Any, customers: pd.DataFrame, spec_of: SpecOf, run_to_split: RunToSplit
) -> None:
    customers["row_number"] = np.arange(400) * 1.5
    spec = spec_of(make(customers))
    assert spec.id == "row_number"
    run_to_split(spec)


def test_codes_are_declared_and_numbers_in_other_categories_are_refused(
    make: Any, project: Settings, customers: pd.DataFrame, spec_of: SpecOf, run_to_split: RunToSplit
) -> None:
    customers["zip"] = [f"0{n % 90}" for n in range(400)]
    spec = spec_of(make(customers))
    assert (spec.columns["zip"].kind, spec.columns["zip"].codes) == ("category", True)
    assert not spec.columns["plan"].codes
    run_to_split(spec)
    customers.assign(plan=customers["months"]).to_csv(project.root / "customers.csv", index=False)
    with pytest.raises(DataError, match=r"rows\.plan: names: is declared as category but holds numbers"):
        run_to_split(spec)


def test_a_column_that_falls_empty_later_is_refused(
    make: Any, project: Settings, customers: pd.DataFrame, spec_of: SpecOf, run_to_split: RunToSplit
) -> None:
    customers["spent"] = customers["spent"].where(customers.index % 10 == 0)
    spec = spec_of(make(customers))
    assert 0.9 < spec.columns["spent"].nulls < 1
    run_to_split(spec)
    customers.assign(spent=None).to_csv(project.root / "customers.csv", index=False)
    with pytest.raises(DataError, match=r"rows\.spent: all missing: has no values at all"):
        run_to_split(spec)


def test_rows_of_one_customer_stay_together(
    make: Any, customers: pd.DataFrame, spec_of: SpecOf, run_to_split: RunToSplit
) -> None:
    customers["customer_id"] = np.repeat(np.arange(100), 4)
    spec = spec_of(make(customers))
    assert (spec.split.method, spec.split.group) == ("grouped", "customer_id")
    assert sum(part["rows"] for part in run_to_split(spec).values()) == 400


def test_rows_that_are_alike_are_told_and_do_not_stop_the_run(
    make: Any, customers: pd.DataFrame, spec_of: SpecOf, run_to_split: RunToSplit
) -> None:
    made = make(pd.concat([customers, customers.head(60)]))
    assert any("26.1% of the rows equal another row" in warning for warning in made.warnings)
    spec = spec_of(made)
    assert spec.probes.duplicate_share == pytest.approx(0.41)
    run_to_split(spec)


def test_any_column_name_survives(
    make: Any, customers: pd.DataFrame, spec_of: SpecOf, run_to_split: RunToSplit
) -> None:
    odd = {"months": "Größe ÷ 'x', \"y\": {z}", "plan": "# plan: [a]", "left": "no", "spent": "null"}
    spec = spec_of(make(customers.rename(columns=odd), target="no"))
    assert set(spec.columns) == {"row_number", *odd.values()}
    run_to_split(spec)


def test_rows_without_a_target_are_set_aside(
    make: Any, customers: pd.DataFrame, spec_of: SpecOf, run_to_split: RunToSplit
) -> None:
    customers["left"] = customers["left"].map({True: "Yes", False: "No"})
    customers.loc[::10, "left"] = None
    made = make(customers)
    assert any("40 rows lack the target" in warning for warning in made.warnings)
    assert sum(part["rows"] for part in run_to_split(spec_of(made)).values()) == 360


def test_missing_values_and_words_for_them(
    make: Any, customers: pd.DataFrame, spec_of: SpecOf, run_to_split: RunToSplit
) -> None:
    customers["months"] = customers["months"].astype(object)
    customers.loc[::5, "months"] = " "
    customers.loc[1::9, "plan"] = "NA"
    spec = spec_of(make(customers))
    assert spec.columns["months"].kind == "number"
    assert 0.2 < spec.columns["months"].nulls < 0.4
    run_to_split(spec)


def test_parquet_with_types(make: Any, customers: pd.DataFrame, spec_of: SpecOf, run_to_split: RunToSplit) -> None:
    customers["since"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(customers["months"], unit="D")
    customers["plan"] = customers["plan"].astype("category")
    made = make(customers, file="My Data-2.parquet")
    assert made.name == "my_data_2"
    spec = spec_of(made)
    assert (spec.columns["since"].kind, spec.columns["since"].role) == ("time", "context")
    assert any("--time 'since'" in warning for warning in made.warnings)
    run_to_split(spec)


def test_semicolons_commas_and_windows_letters(
    project: Settings, customers: pd.DataFrame, spec_of: SpecOf, run_to_split: RunToSplit
) -> None:
    path = project.root / "kunden.csv"
    customers["plan"] = customers["plan"].map({"basic": "für alle", "plus": "größer"})
    customers.to_csv(path, sep=";", decimal=",", index=False, encoding="cp1252")
    made = scaffold(Request(path, "left"), project)
    kinds = {guess.name: guess.kind for guess in made.columns}
    assert kinds == {"row_number": "number", "months": "number", "plan": "category", "spent": "number", "left": "flag"}
    assert any("kunden.csv is not in UTF-8" in warning for warning in made.warnings)
    run_to_split(spec_of(made))


def test_numbers_that_changed_places_are_refused_where_ranges_tell(
    make: Any, project: Settings, customers: pd.DataFrame, spec_of: SpecOf, run_to_split: RunToSplit
) -> None:
    customers["income"] = np.linspace(9_000, 250_000, len(customers))
    spec = spec_of(make(customers))
    about = spec.columns["income"]
    assert (about.low, about.high) == (-300_000, 500_000)
    run_to_split(spec)
    swapped = customers.rename(columns={"income": "months", "months": "income"})
    swapped.to_csv(project.root / "customers.csv", index=False)
    with pytest.raises(DataError, match=r"because: months \d+\.?\d* is outside"):
        run_stage("ingest", Job(spec, project))


def test_empty_and_nameless_columns_are_left_out(
    make: Any, customers: pd.DataFrame, spec_of: SpecOf, run_to_split: RunToSplit
) -> None:
    customers["nothing"] = np.nan
    customers[""] = 1
    made = make(customers)
    assert set(spec_of(made).columns) == {"row_number", "months", "plan", "spent", "left"}
    assert sum("left out" in warning for warning in made.warnings) == 2
    assert "# Left out: nothing is empty in every row." in made.path.read_text(encoding="utf-8")
    run_to_split(spec_of(made))


def test_hundreds_of_columns(make: Any, customers: pd.DataFrame, spec_of: SpecOf) -> None:
    noise = np.random.default_rng(0).normal(size=(400, 300)).round(3)
    wide = pd.concat([customers, pd.DataFrame(noise, columns=[f"f{n}" for n in range(300)])], axis=1)
    spec = spec_of(make(wide))
    assert len(spec.inputs) == 303
    assert spec.candidates[1].trials == 3


def test_outside_the_project_the_path_is_absolute(
    project: Settings, customers: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory, spec_of: SpecOf
) -> None:
    path = tmp_path_factory.mktemp("elsewhere") / "c.csv"
    customers.to_csv(path, index=False)
    assert spec_of(scaffold(Request(path, "left"), project)).source.path == str(path)


def test_few_categories_are_listed_and_the_list_is_open(
    make: Any, project: Settings, customers: pd.DataFrame, spec_of: SpecOf, run_to_split: RunToSplit
) -> None:
    customers["plan"] = customers["plan"].map({"basic": 'a "b", c', "plus": "yes, no"})
    customers["shop"] = [f"s{n % 40}" for n in range(400)]
    spec = spec_of(make(customers))
    assert spec.columns["plan"].categories == ('a "b", c', "yes, no", "...")
    assert spec.columns["shop"].categories == spec.columns["left"].categories == ()
    customers.loc[:199, "plan"] = "new"
    customers.to_csv(project.root / "customers.csv", index=False)
    assert sum(part["rows"] for part in run_to_split(spec).values()) == 400


def test_a_strong_honest_column_trains_as_written(
    make: Any, customers: pd.DataFrame, spec_of: SpecOf, run_to_split: RunToSplit
) -> None:
    random = np.random.default_rng(5)
    many = pd.concat([customers] * 5, ignore_index=True).drop(columns=["months"])
    many["spent"] = random.normal(size=len(many))
    many["minutes"] = random.normal(size=len(many)) + 1.7 * many["left"]
    spec = spec_of(make(many))
    assert (spec.columns["minutes"].role, spec.probes.allow) == ("feature", ("minutes",))
    run_to_split(spec)
