"""``understudy problems``: what can be trained here."""

from typing import TYPE_CHECKING, Any

from cli.answer import Answer
from cli.environment import prepare

if TYPE_CHECKING:
    from understudy.ports import ModelRegistry
    from understudy.problem import ProblemSpec
    from understudy.settings import Settings


def problems() -> Answer:
    """List the problems: task, rows and champion of each."""
    settings = prepare()
    from understudy.problem import load_problem

    specs = [load_problem(settings.problems, name) for name in known_problems(settings)]
    registry = _existing_registry(settings)
    listed = [_described(spec, settings, registry) for spec in specs]
    return Answer(listed, [_table(listed)])


def known_problems(settings: "Settings") -> tuple[str, ...]:
    """Names in configs/problems.yaml, in its order.

    Raises:
        SpecError: the file is missing or is not a mapping of problems.
    """
    import yaml

    from understudy.errors import SpecError

    path = settings.root / "configs" / "problems.yaml"
    try:
        return tuple(yaml.safe_load(path.read_text(encoding="utf-8"))["problems"])
    except (OSError, yaml.YAMLError, TypeError, KeyError) as error:
        raise SpecError(
            f"{path} does not list the problems: {error}.", "Mend it: `problems:`, then a line each."
        ) from error


def _existing_registry(settings: "Settings") -> "ModelRegistry | None":
    """The registry, unless it is the local one and nothing was ever registered: listing creates no database."""
    if not settings.registry and not (settings.home / "mlflow").is_dir():
        return None
    from understudy.adapters import open_registry

    return open_registry(settings)


def _described(spec: "ProblemSpec", settings: "Settings", registry: "ModelRegistry | None") -> dict[str, Any]:
    champion = registry.champion(spec.name) if registry else None
    return {
        "name": spec.name,
        "title": spec.title,
        "task": spec.task,
        "rows": _rows(spec, settings),
        "champion": champion.number if champion else None,
    }


def _rows(spec: "ProblemSpec", settings: "Settings") -> int | None:
    from understudy.files import read_json

    ingested = settings.data / spec.name / "ingest" / "ingest.json"
    if ingested.is_file():
        return int(read_json(ingested)["tables"][spec.main]["rows"])
    source = settings.root / spec.source.path if spec.source.path else None
    if source is None or not source.is_file():
        return None
    from pipelines.ingest.file import read_file

    return int(read_file(source).num_rows)


def _table(listed: list[dict[str, Any]]) -> Any:
    from rich.table import Table

    table = Table("problem", "what", "task", "rows", "champion", box=None, pad_edge=False, header_style="bold")
    for row in listed:
        rows = f"{row['rows']:,}" if row["rows"] is not None else "not read yet"
        table.add_row(row["name"], row["title"], row["task"], rows, str(row["champion"] or "none"))
    return table
