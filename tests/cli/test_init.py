"""``understudy init`` from the outside: one JSON value, a problem that is listed, and errors with exit code 1."""

import csv
import random
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.integration


@pytest.fixture
def file(tmp_path: Path) -> Path:
    draw = random.Random(3)  # noqa: S311
    path = tmp_path / "Shop visits.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream, delimiter=";")
        table.writerow(["visit no", "pages", "price", "paid after", "bought"])
        for number in range(300):
            pages = draw.randint(1, 30)
            bought = draw.random() < 0.1 + 0.02 * pages
            price = f"{draw.uniform(1, 9):.2f}".replace(".", ",")
            table.writerow(
                [f"v{number}", pages, price, draw.randint(0, 9) if bought else "", "yes" if bought else "no"]
            )
    return path


def test_a_file_becomes_a_problem(workspace: Any, file: Path) -> None:
    made = workspace.json("init", str(file), "--target", "bought")
    assert (made["name"], made["rows"], made["next"]) == ("shop_visits", 300, "understudy train --problem shop_visits")
    assert [(column["name"], column["kind"], column["role"]) for column in made["columns"]] == [
        ("visit no", "category", "id"),
        ("pages", "number", "feature"),
        ("price", "number", "feature"),
        ("paid after", "number", "leak"),
        ("bought", "flag", "target"),
    ]
    assert any("'paid after'" in warning for warning in made["warnings"])
    written = yaml.safe_load(Path(made["path"]).read_text(encoding="utf-8"))
    assert written["source"]["path"] == str(file)
    listed = workspace.json("problems")
    assert ("shop_visits", "binary", 300) in [(row["name"], row["task"], row["rows"]) for row in listed]


def test_people_see_a_table_the_warnings_and_what_to_do_next(workspace: Any, file: Path) -> None:
    done = workspace.run("init", str(file), "--target", "bought", "--name", "shop")
    assert done.returncode == 0, done.stderr
    assert "paid after" in done.stdout
    assert "! " in done.stdout
    assert "understudy train --problem shop" in done.stdout


def test_the_format_of_the_time_can_be_told(workspace: Any, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    rows = [
        f"{day:02}.{month:02}.24,{(day * month) % 7},{int((day + month) % 3 == 0)}"
        for month in range(1, 10)
        for day in range(1, 29)
    ]
    path.write_text("\n".join(["on,size,late", *rows]), encoding="utf-8")
    refused = workspace.json("init", str(path), "--target", "late", "--time", "on", code=1)
    assert "--time-format" in refused["error"]["fix"]
    made = workspace.json("init", str(path), "--target", "late", "--time", "on", "--time-format", "%d.%m.%y")
    written = yaml.safe_load(Path(made["path"]).read_text(encoding="utf-8"))
    assert written["tables"]["rows"]["columns"]["on"]["format"] == "%d.%m.%y"


def test_an_error_names_the_thing_and_the_fix(workspace: Any, file: Path) -> None:
    before = sorted((workspace.root / "configs").rglob("*"))
    refused = workspace.json("init", str(file), "--target", "buoght", code=1)
    assert refused["error"]["code"] == "data"
    assert "'buoght'" in refused["error"]["what"]
    assert "'bought'" in refused["error"]["fix"]
    assert sorted((workspace.root / "configs").rglob("*")) == before
