"""Reading a problem's YAML, with errors that name the file, the line and the key."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from understudy.errors import SpecError
from understudy.problem.spec import ProblemSpec


def load_problem(folder: Path, name: str) -> ProblemSpec:
    """Read ``folder/name.yaml``.

    Raises:
        SpecError: there is no such problem, or its file is not a valid one.
    """
    path = folder / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in folder.glob("*.yaml"))) or "none"
        raise SpecError(
            f"There is no problem called {name!r}.", f"Known problems: {known}. `understudy init` makes one."
        )
    return parse_problem(path.read_text(encoding="utf-8"), path)


def parse_problem(text: str, path: Path) -> ProblemSpec:
    """Build the spec from YAML ``text``; ``path`` is only for messages."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SpecError(f"{path.name} is not valid YAML: {error}.", "Mend the line it names.") from error
    if repeated := _repeated(root):
        raise SpecError(f"{path.name} {repeated}.", "Keep one of the two.")
    if root is None or not isinstance(values, dict):
        raise SpecError(f"{path.name} is empty or not a mapping.", "See configs/problems for examples.")
    if values.get("name", path.stem) != path.stem:
        raise SpecError(f"{path.name} says name: {values['name']}.", f"The name must be that of the file: {path.stem}.")
    try:
        return ProblemSpec.model_validate(values)
    except ValidationError as error:
        raise SpecError(_describe(error, root, path), "Mend the keys named above.") from error


def _repeated(node: yaml.Node | None) -> str:
    """Where a mapping has a key twice, in words; YAML itself would keep the last without a word."""
    children: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                return f"line {key.start_mark.line + 1}: {key.value}: the key stands twice"
            seen.add(key.value)
            children.append(value)
    elif isinstance(node, yaml.SequenceNode):
        children = list(node.value)
    return next((found for child in children if (found := _repeated(child))), "")


def _describe(error: ValidationError, root: yaml.Node, path: Path) -> str:
    lines = []
    for problem in error.errors():
        where = ".".join(str(part) for part in problem["loc"]) or "the problem"
        what = "unknown key" if problem["type"] == "extra_forbidden" else problem["msg"]
        lines.append(f"{path.name} line {_line_of(root, problem['loc'])}: {where}: {what}.")
    return "\n".join(lines)


def _line_of(node: yaml.Node, location: tuple[Any, ...]) -> int:
    """Line (from 1) of the deepest part of ``location`` that the document has."""
    line = node.start_mark.line
    for part in location:
        step = _child(node, part)
        if step is None:
            break
        line, node = step
    return line + 1


def _child(node: yaml.Node, part: Any) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((key.start_mark.line, value) for key, value in node.value if key.value == str(part)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark.line, node.value[part]
    return None
