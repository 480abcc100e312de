"""The project holds itself to its own rules."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parent.parent
CODE = ("understudy", "problems", "pipelines", "serving", "monitoring", "cli")
SPANNING = {
    "test_dated_rows.py",
    "test_explanation.py",
    "test_figures.py",
    "test_hanging_shadows.py",
    "test_lengths.py",
    "test_peers.py",
    "test_planted_leaks.py",
    "test_protocol_clients.py",
    "test_restarted_shadows.py",
    "test_schemathesis.py",
    "test_shared_traffic.py",
    "test_shipped_rules.py",
}
"""Tests of one idea that several modules of their folder carry."""
CHECKS = ("assert", "raises", "warns")


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def each_test() -> Iterator[tuple[str, str]]:
    for path in python_files("tests"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                yield f"{path.relative_to(ROOT)}::{node.name}", ast.unparse(node)


def test_every_test_asserts_something() -> None:
    silent = [name for name, body in each_test() if not any(check in body for check in CHECKS)]
    assert silent == []


def test_every_test_has_a_tier() -> None:
    tiers = {"unit", "integration", "e2e", "browser"}
    without = [
        str(path.relative_to(ROOT))
        for path in python_files("tests")
        if path.name.startswith("test_")
        and not any(f"mark.{tier}" in path.read_text(encoding="utf-8") for tier in tiers)
    ]
    assert without == []


def test_tests_mirror_the_code() -> None:
    """A test file below a code folder is named for the module or package that it tests."""
    strays = []
    for path in python_files(*(f"tests/{folder}" for folder in CODE)):
        if not path.name.startswith("test_") or path.name in SPANNING:
            continue
        below = path.relative_to(ROOT / "tests").parent
        name = path.stem.removeprefix("test_")
        if below.name != name and not any((ROOT / below / candidate).exists() for candidate in (f"{name}.py", name)):
            strays.append(str(path.relative_to(ROOT)))
    assert strays == []


def test_no_file_is_named_for_nothing() -> None:
    nameless = {"utils.py", "helpers.py", "common.py", "misc.py"}
    assert [path for path in python_files(*CODE, "tests", "benchmarks") if path.name in nameless] == []


@pytest.mark.parametrize("lock", sorted((ROOT / "requirements").glob("*.lock")), ids=lambda path: path.name)
def test_locks_pin_by_hash_and_hold_no_address(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    pins = re.findall(r"^[a-z0-9].*==", text, flags=re.MULTILINE)
    hashed = re.findall(r"^[a-z0-9][^\n]*==[^\n]*\\\n +--hash=sha256:[0-9a-f]{64}", text, flags=re.MULTILINE)
    assert "://" not in text
    assert len(pins) == len(hashed) > 0


def test_the_graph_names_code_that_exists() -> None:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    named = {dep for stage in stages.values() for dep in stage["do"]["deps"] if "${" not in dep}
    assert named
    assert [dep for dep in sorted(named) if not (ROOT / dep).exists()] == []


def test_links_in_the_documents_lead_somewhere() -> None:
    broken = []
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        local = [target for target in targets if "://" not in target]
        broken += [f"{page.name} -> {target}" for target in local if not (page.parent / target).exists()]
    assert broken == []


def test_nothing_that_runs_make_is_committed() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    kinds = (".parquet", ".db", ".onnx", ".skops", ".pkl", ".joblib", "uv.lock", ".csv", ".csv.gz")
    assert [name for name in listed.stdout.splitlines() if name.endswith(kinds)] == []
