"""Looking at the ledger, exporting it, and erasing from it."""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from small_predictions import START, a_prediction, a_shadow
from typer.testing import CliRunner, Result
from workspace import Workspace

from cli import predictions
from cli.exporting import SCHEMA, export
from cli.predictions import predictions_app
from understudy.adapters import open_deployment_log, open_ledger
from understudy.errors import MachineError
from understudy.records import Arm, Deployment, Label
from understudy.settings import Settings

pytestmark = pytest.mark.integration


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    (tmp_path / "configs" / "problems").mkdir(parents=True)
    (tmp_path / "configs" / "problems.yaml").write_text("problems:\n  toy:\n", encoding="utf-8")
    settings = Settings(root=tmp_path, home=tmp_path / "var")
    monkeypatch.setattr(predictions, "prepare", lambda: settings)
    return settings


@pytest.fixture
def stored(settings: Settings) -> Settings:
    """Five live predictions, a shadow, and two labels that contradict each other."""
    ledger = open_ledger(settings)
    odd = a_prediction(5, flags=["unseen category: town"], fallback="timeout", event_time=None)
    ledger.append([*(a_prediction(number) for number in range(1, 5)), odd, a_shadow(1, score=None, decision=None)])
    ledger.label([Label("toy", 1.0, key="k1"), Label("toy", 0.0, key="k1")])
    ledger.close()
    return settings


def understudy(*arguments: str) -> Result:
    return CliRunner().invoke(predictions_app, arguments, env={"COLUMNS": "200"})


def test_the_newest_are_shown(stored: Settings) -> None:
    lines = understudy("tail", "-n", "3").stdout.splitlines()
    assert [line.split()[2] for line in lines[1:]] == ["p0003", "p0004", "p0005"]
    assert lines[3].rstrip().endswith("unseen category: town; timeout")
    assert "rehearsal (shadow)" in understudy("tail").stdout


def test_they_are_counted(stored: Settings) -> None:
    lines = understudy("stats").stdout.splitlines()
    assert lines[2].split()[:5] == ["1", "champion", "5", "1", "1"]
    assert lines[3].split()[:5] == ["2", "rehearsal", "(shadow)", "1", "1"]
    assert understudy("stats", "--since", "2013-11-02").stdout.startswith("No predictions of toy")


def test_counts_of_millions_are_whole_in_eighty_columns(stored: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    figures = {"predictions": 12_345_678, "labels": 11_345_678, "fallbacks": 12_345, "errors": 10_234, "odd": 98_765}
    rows = [
        {"version": 12, "arm": arm, "standing": standing, **figures, "mean_score": 0.1234, "share_flagged": 0.9877}
        for arm, standing in (("champion", "live"), ("challenger-2", "live"), ("rehearsal", "shadow"))
    ]
    monkeypatch.setattr("understudy.adapters.database.ledger.SqlLedger.counts", lambda *_: rows)
    text = CliRunner().invoke(predictions_app, ["stats"], env={"COLUMNS": "80"}).stdout
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 80
    words = text.split()
    for heading in ("version", "arm", "count", "labels", "fell", "back", "errors", "score", "flagged", "odd"):
        assert heading in words
    for value in ("champion", "challenger-2", "12345678", "11345678", "12345", "10234", "0.1234", "0.9877", "98765"):
        assert value in words
    monkeypatch.setattr("cli.answer._claim_stdout", lambda: sys.stdout)
    assert json.loads(understudy("stats", "--json").stdout) == rows


def test_they_are_exported_whole_with_their_labels(stored: Settings, tmp_path: Path) -> None:
    file = tmp_path / "out" / "p.parquet"
    done = understudy("export", "--to", str(file))
    assert (done.exit_code, done.stdout.split()[0]) == (0, "6")
    table = pq.read_table(file)
    assert table.schema.equals(SCHEMA)
    first = table.to_pylist()[0]
    assert (first["id"], first["at"], first["label"], first["contradicted"]) == (
        "p0001", START + timedelta(seconds=1), 1.0, True,
    )  # fmt: skip
    assert json.loads(first["inputs"]) == {"size": 1.5, "weight": None, "town": "ash"}
    assert [path.name for path in file.parent.iterdir()] == ["p.parquet"]
    understudy("export", "--to", str(file), "--since", "2013-11-01T06:00:04", "--until", "2013-11-01T06:00:05+00:00")
    assert pq.read_table(file)["id"].to_pylist() == ["p0004"]


def test_an_export_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "p.parquet"
    file.write_text("the old one", encoding="utf-8")

    def chunks():  # type: ignore[no-untyped-def]
        yield []
        raise OSError(28, "No space left on device")

    with pytest.raises(MachineError, match="No space left"):
        export(chunks(), file)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("p.parquet", "the old one")]
    with pytest.raises(MachineError, match="cannot be written"):
        export([], file / "below")


def test_an_empty_export_is_a_file_without_rows(settings: Settings, tmp_path: Path) -> None:
    assert understudy("export", "--to", str(tmp_path / "p.parquet")).exit_code == 0
    assert pq.read_table(tmp_path / "p.parquet").equals(pa.Table.from_pylist([], SCHEMA))


def test_a_unit_is_erased(stored: Settings) -> None:
    assert understudy("erase", "--unit", "u1").stdout == "3 predictions of toy erased.\n"
    assert "p0001" not in understudy("tail").stdout


def test_what_is_old_goes(stored: Settings) -> None:
    done = understudy("retain", "--before", "2013-11-01T06:00:03")
    assert done.stdout == "3 predictions of toy from before 2013-11-01 06:00 deleted.\n"
    assert understudy("retain", "--before", "30d").stdout.startswith("3 predictions")


@pytest.mark.parametrize("command", [("tail",), ("stats",), ("erase", "--unit", "u1"), ("retain", "--before", "1d")])
def test_of_an_untouched_project_nothing_is_created(settings: Settings, command: tuple[str, ...]) -> None:
    assert understudy(*command).exit_code == 0
    assert not settings.home.exists()


@pytest.mark.parametrize("said", ["yesterday", "2013-13-01", "0d", "99999999999d", ""])
def test_a_moment_that_is_none_is_refused(settings: Settings, said: str) -> None:
    done = understudy("retain", "--before", said)
    assert done.exit_code == 1
    assert "is no moment" in done.stderr
    assert "90d" in done.stderr


def test_ages_and_zones_are_understood() -> None:
    assert predictions._moment("since", "2013-11-01T06:00+02:00") == datetime(2013, 11, 1, 4)
    then = predictions._moment("since", "2d") or datetime.max
    assert timedelta(0) <= datetime.now(UTC).replace(tzinfo=None) - then - timedelta(days=2) < timedelta(minutes=1)


def test_the_problem_must_be_clear(settings: Settings) -> None:
    assert "no problem called 'nope'" in understudy("tail", "--problem", "nope").stderr
    (settings.root / "configs" / "problems.yaml").write_text("problems:\n  toy:\n  other:\n", encoding="utf-8")
    assert "Add --problem: toy, other." in understudy("tail").stderr
    champion = Arm(name="champion", version=1, digest="0" * 64, weight=1.0)
    first = {"problem": "toy", "revision": 1, "mode": "single", "arms": (champion,), "change": "deploy"}
    open_deployment_log(settings).append(Deployment(**first, who="ada", why="start", at=datetime(2026, 1, 1)))
    assert understudy("tail").exit_code == 0


@pytest.mark.e2e
def test_programs_get_json(workspace: Workspace) -> None:
    assert workspace.json("predictions", "tail", "--problem", "toy") == []
    assert workspace.json("predictions", "erase", "--unit", "u1", "--problem", "toy") == {
        "problem": "toy", "unit": "u1", "erased": 0,
    }  # fmt: skip
