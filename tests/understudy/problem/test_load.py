from pathlib import Path

import pytest

from understudy.errors import SpecError
from understudy.problem import load_problem, parse_problem

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seed: 1", "sead: 1", "shop.yaml line 4: sead: unknown key."),
        ("low: 0", "lowest: 0", "shop.yaml line 15: tables.orders.columns.size.lowest: unknown key."),
        ("kind: flag", "kind: switch", "shop.yaml line 17: tables.orders.columns.gift.kind:"),
        ("    trials: 9", "    trails: 9", "shop.yaml line 30: candidates.1.trails: unknown key."),
        ("trials: 9", "trials: 0", "shop.yaml line 30: candidates.1.trials:"),
        ("  path: orders.csv", "  licence: CC0", "shop.yaml line 5: source: Value error, give either path"),
    ],
)
def test_error_names_the_line_and_the_key(yaml_text: str, yaml_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_problem(yaml_text.replace(old, new, 1), yaml_path)
    assert message in caught.value.what


def test_all_errors_are_told_at_once(yaml_text: str, yaml_path: Path) -> None:
    spoilt = yaml_text.replace("kind: flag", "kind: switch").replace("costs: {}", "costs: {maybe: 1}")
    with pytest.raises(SpecError) as caught:
        parse_problem(spoilt, yaml_path)
    assert [line.split(":")[0] for line in caught.value.what.splitlines()] == ["shop.yaml line 17", "shop.yaml line 34"]


def test_a_missing_section_is_named(yaml_text: str, yaml_path: Path) -> None:
    with pytest.raises(SpecError, match="gates: Field required"):
        parse_problem(yaml_text.replace("gates: {}\n", ""), yaml_path)


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words"])
def test_what_is_not_a_mapping_is_refused(text: str, yaml_path: Path) -> None:
    with pytest.raises(SpecError, match=r"shop\.yaml is empty or not a mapping"):
        parse_problem(text, yaml_path)


def test_broken_yaml_names_the_line(yaml_text: str, yaml_path: Path) -> None:
    with pytest.raises(SpecError, match=r"shop\.yaml is not valid YAML(?s:.*)line 35") as caught:
        parse_problem(yaml_text.replace("evaluation: {}", "evaluation: {"), yaml_path)
    assert caught.value.fix


def test_name_must_be_that_of_the_file(yaml_text: str) -> None:
    with pytest.raises(SpecError, match=r"other\.yaml says name: shop"):
        parse_problem(yaml_text, Path("other.yaml"))


def test_unknown_problem_lists_the_known_ones(tmp_path: Path, yaml_text: str) -> None:
    (tmp_path / "shop.yaml").write_text(yaml_text, encoding="utf-8")
    assert load_problem(tmp_path, "shop").title == "Will the order be returned?"
    with pytest.raises(SpecError, match="'shoe'") as caught:
        load_problem(tmp_path, "shoe")
    assert "shop" in caught.value.fix


@pytest.mark.parametrize("path", sorted((ROOT / "configs" / "problems").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_problem_here_is_valid_and_writes_out_every_section(path: Path) -> None:
    spec = load_problem(path.parent, path.stem)
    optional = {name for name, field in type(spec).model_fields.items() if not field.is_required()}
    assert spec.name == path.stem
    assert type(spec).model_fields.keys() - spec.model_fields_set <= optional - {"fast"}


def test_a_key_that_stands_twice_is_refused_by_line(yaml_text: str, yaml_path: Path) -> None:
    lines = yaml_text.rstrip().splitlines()
    with pytest.raises(SpecError) as caught:
        parse_problem("\n".join([*lines, "title: Another"]), yaml_path)
    assert f"line {len(lines) + 1}: title: the key stands twice" in caught.value.what
