"""What cannot be asked for, or cannot be written, is an error that leaves everything as it was."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from pipelines.scaffold import Request, scaffold
from understudy.errors import MachineError, UnderstudyError
from understudy.files import write_text
from understudy.settings import Settings

pytestmark = pytest.mark.integration


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
