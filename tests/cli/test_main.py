"""The front door: quick, complete, and clear about what it does not know."""

import json
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.integration

COMMANDS = ("train", "problems", "init", "models", "show", "approve", "reject", "register", "doctor")
HEAVY = ("prefect", "dvc", "mlflow", "pandas", "sklearn", "numpy", "pyarrow", "matplotlib", "pydantic", "yaml")


def understudy(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def test_help_names_every_command_but_the_one_for_dvc() -> None:
    said = understudy("--help").stdout
    assert all(f" {name} " in said for name in COMMANDS)
    assert " stage " not in said


def test_help_imports_nothing_heavy() -> None:
    code = f"import sys, cli.main; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_takes_less_processor_time_than_half_a_second() -> None:
    def seconds() -> float:
        code = "import time, cli.main; print(time.process_time())"
        return float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)

    assert min(seconds() for _ in range(3)) < 0.5


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_json_and_debug(command: str) -> None:
    said = understudy(command, "--help").stdout
    assert "--json" in said
    assert "--debug" in said


def test_train_documents_its_exit_codes() -> None:
    said = " ".join(understudy("train", "--help").stdout.split())
    assert "Exits with 0 when the run came to a verdict, also when the verdict is that the version is rejected" in said


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("nosuch", "--json"), "nosuch"),
        (("train", "--json"), "--problem"),
        (("show", "--json", "--nosuch"), "--nosuch"),
        (("show", "--json"), "VERSION"),
    ],
)
def test_a_wrong_command_line_is_json_that_names_the_fault(arguments: tuple[str, ...], fault: str) -> None:
    done = understudy(*arguments)
    assert done.returncode == 2
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "usage"
    assert fault in error["what"]


def test_outside_of_a_project_one_clear_message(tmp_path_factory: pytest.TempPathFactory) -> None:
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "problems"],
        cwd=tmp_path_factory.mktemp("elsewhere"), capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("No Understudy project at or above")
    assert "set UNDERSTUDY_ROOT" in done.stderr
    assert time.monotonic() - started < 30
