from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from pipelines.validate.swapped import number_share, swapped_findings
from understudy.problem import Table

pytestmark = pytest.mark.unit

Columns = dict[str, list[Any]]


def stopped(columns: Columns, declared: Table) -> dict[tuple[str, str], str]:
    return {(f.column, f.check): f.detail for f in swapped_findings(pa.table(columns), declared) if f.stops}


def test_good_rows_pass_each_check(columns: Columns, declare: Callable[..., Table]) -> None:
    findings = list(swapped_findings(pa.table(columns), declare()))
    assert [(f.column, f.check) for f in findings if f.verdict == "pass"] == [
        ("town", "names"),
        ("town", "swapped"),
        ("maker", "names"),
        ("maker", "swapped"),
    ]
    assert len(findings) == 4


@pytest.mark.parametrize("listed", [["Opel", "..."], ["Opel"], []])
def test_numbers_for_names_stop(columns: Columns, declare: Callable[..., Table], listed: list[str]) -> None:
    columns["maker"] = [f"{i % 7}.5" for i in range(200)]
    declared = declare(column=("maker", {"categories": listed}))
    assert stopped(columns, declared) == {
        (
            "maker",
            "names",
        ): "is declared as category but holds numbers, such as 0.5, 1.5, 2.5; mend the source, or write"
        " codes: true for numbers that only name things, kind: number for amounts"
    }


@pytest.mark.parametrize("wordy", [20, 21])
def test_a_few_words_do_not_make_names(columns: Columns, declare: Callable[..., Table], wordy: int) -> None:
    columns["maker"] = ["Opel"] * wordy + ["12"] * (200 - wordy)
    assert bool(stopped(columns, declare())) is (wordy == 20)


@pytest.mark.parametrize(
    "allowed", [{"codes": True}, {"categories": ["1", "2", "none"]}, {"role": "id"}, {"role": "unit"}]
)
def test_numbers_that_are_meant_pass(columns: Columns, declare: Callable[..., Table], allowed: dict[str, Any]) -> None:
    columns["maker"] = ["1", "2"] * 100
    assert stopped(columns, declare(column=("maker", allowed))) == {}


def test_missing_values_are_neither_names_nor_numbers(columns: Columns, declare: Callable[..., Table]) -> None:
    columns["maker"] = [None] * 150 + ["7"] * 50
    assert ("maker", "names") in stopped(columns, declare())
    assert stopped(columns | {"maker": pa.nulls(200, pa.string())}, declare()) == {}


def test_columns_that_hold_each_others_values_stop(columns: Columns, declare: Callable[..., Table]) -> None:
    columns["town"], columns["maker"] = columns["maker"], columns["town"]
    found = stopped(columns, declare())
    assert set(found) == {("town", "swapped"), ("maker", "swapped")}
    assert found["town", "swapped"].startswith(
        "holds the values of maker, such as Opel; the columns look swapped: mend"
    )


def test_values_of_both_lists_are_no_sign(columns: Columns, declare: Callable[..., Table]) -> None:
    columns["maker"] = ["Ulm"] * 200
    assert stopped(columns, declare(column=("maker", {"categories": ["Opel", "Ulm", "..."]}))) == {}


def test_new_values_of_an_open_list_are_no_sign(columns: Columns, declare: Callable[..., Table]) -> None:
    columns["maker"] = ["Ford"] * 200
    assert stopped(columns, declare()) == {}


def test_share_of_numbers() -> None:
    words = ["1", "-2.5", ".5", "1,5", "3.", "1e6", "x1", "1-2", "", None]
    assert number_share(pa.chunked_array([words])) == pytest.approx(6 / 9)
    assert number_share(pa.chunked_array([pa.nulls(3, pa.string())])) == 0.0
