"""``understudy problems``: what can be trained here."""

from typing import TYPE_CHECKING, Any

from cli.answer import Answer
from cli.environment import prepare

if TYPE_CHECKING:
    from understudy.ports import ModelRegistry
    from understudy.problem import ProblemSpec
    from understudy.settings import Settings


def problems() -> Answer:
    """List the problems: task, rows and champion of each.

    A problem that cannot be read is listed with its `error`; exits with 1 only when that is so of every one.
    A registry out of reach leaves every champion unknown, and a `note` says so.
    """
    settings = prepare()
    listed = [_described(name, settings) for name in known_problems(settings)]
    sound = [row for row in listed if "error" not in row]
    remark = _add_champions(sound, settings)
    remarks = [f"{row['name']}: {row['error']}" for row in listed if "error" in row]
    shown = [_table(listed), *remarks, *([remark] if remark else [])]
    return Answer(listed, shown, code=1 if listed and not sound else 0)


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


def _described(name: str, settings: "Settings") -> dict[str, Any]:
    from understudy.errors import UnderstudyError
    from understudy.problem import load_problem

    row = {"name": name, "title": None, "task": None, "rows": None, "champion": None}
    try:
        spec = load_problem(settings.problems, name)
        return {**row, "title": spec.title, "task": spec.task, "rows": _rows(spec, settings)}
    except UnderstudyError as error:
        return {**row, "error": str(error)}
    except (OSError, ValueError, LookupError, TypeError) as error:
        return {**row, "error": f"It cannot be read: {type(error).__name__}: {error}"}


def _add_champions(rows: list[dict[str, Any]], settings: "Settings") -> str:
    """Fill in the champions, or note why not; an unreachable registry is asked once."""
    from understudy.errors import UnderstudyError

    try:
        registry = _existing_registry(settings)
        champions = [registry.champion(row["name"]) if registry else None for row in rows]
    except UnderstudyError as error:
        for row in rows:
            row["note"] = str(error)
        return str(error)
    for row, champion in zip(rows, champions, strict=True):
        row["champion"] = champion.number if champion else None
    return ""


def _rows(spec: "ProblemSpec", settings: "Settings") -> int | None:
    from understudy.files import read_json

    ingested = settings.data / spec.name / "ingest" / "ingest.json"
    if ingested.is_file():
        return int(read_json(ingested)["tables"][spec.main]["rows"])
    if spec.source.path:
        from pipelines.ingest.file import read_file

        source = settings.root / spec.source.path
        return int(read_file(source).num_rows) if source.is_file() else None
    return _rows_of_package(spec, settings)


def _rows_of_package(spec: "ProblemSpec", settings: "Settings") -> int | None:
    """Rows that the problem's own reader gives; none when its data package is not there to be read."""
    from pipelines.ingest import read_source
    from understudy.errors import DataError

    try:
        return int(read_source(spec, settings.root)[0][spec.main].num_rows)
    except DataError:
        return None


def _table(listed: list[dict[str, Any]]) -> Any:
    from rich.table import Table

    table = Table("problem", "what", "task", "rows", "champion", box=None, pad_edge=False, header_style="bold")
    for row in listed:
        if "error" in row:
            table.add_row(row["name"], "cannot be read, see below", "", "", "")
            continue
        rows = f"{row['rows']:,}" if row["rows"] is not None else "not read yet"
        champion = "unknown" if "note" in row else str(row["champion"] or "none")
        table.add_row(row["name"], row["title"], row["task"], rows, champion)
    return table
