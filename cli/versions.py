"""Commands on registered versions: ``models``, ``show``, ``approve`` and ``reject``."""

import getpass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.answer import Answer
from cli.environment import prepare

if TYPE_CHECKING:
    from understudy.ports import ModelRegistry
    from understudy.records import Version
    from understudy.settings import Settings

Name = Annotated[str, typer.Argument(metavar="VERSION", help="A number, problem/number, or problem@alias.")]
Of = Annotated[str | None, typer.Option("--problem", help="The problem, where VERSION is a bare number.")]
Why = Annotated[str, typer.Option(help="The reason, kept with the version.")]
By = Annotated[str | None, typer.Option(help="Who decides; default: the user of this machine.")]


def models(problem: Annotated[str | None, typer.Option(help="Only this problem's.")] = None) -> Answer:
    """List the registered versions, newest first."""
    settings = prepare()
    registry = _registry(settings)
    names = (problem,) if problem else registry.problems()
    versions = [version for name in names for version in registry.versions(name)]
    if problem and not versions:
        _require_known(problem, settings)
    return Answer([_value(version) for version in versions], [_table(versions)] if versions else [_none(problem)])


def show(version: Name, problem: Of = None) -> Answer:
    """Show one version: how it was judged, on what figures, and where it comes from."""
    settings = prepare()
    found = find(_registry(settings), version, problem or _first(settings))
    return Answer(_value(found), _details(found))


def approve(
    version: Name,
    why: Why,
    problem: Of = None,
    by: By = None,
    override: Annotated[bool, typer.Option("--override", help="Also a version that the gate refused.")] = False,
) -> Answer:
    """Approve a version and make it champion."""
    settings = prepare()
    from pipelines.register import approve as approve_version
    from understudy.errors import RegistryError

    registry = _registry(settings)
    found = find(registry, version, problem or _first(settings))
    if found.verdict.decision == "rejected" and not override:
        names = ", ".join(check.name for check in found.verdict.failed)
        raise RegistryError(
            f"The gate refused {_name(found)}: {names}.", "Add --override to approve it all the same; it is recorded."
        )
    return _decided(approve_version(registry, found.problem, found.number, by or getpass.getuser(), why))


def reject(version: Name, why: Why, problem: Of = None, by: By = None) -> Answer:
    """Reject a version, so that it is not served."""
    settings = prepare()
    from pipelines.register import reject as reject_version

    registry = _registry(settings)
    found = find(registry, version, problem or _first(settings))
    return _decided(reject_version(registry, found.problem, found.number, by or getpass.getuser(), why))


def find(registry: "ModelRegistry", text: str, problem: str) -> "Version":
    """The version that ``text`` names: ``3``, ``flights/3`` or ``flights@champion``.

    Raises:
        RegistryError: it names none.
    """
    from understudy.errors import RegistryError

    for mark in ("/", "@"):
        if mark in text:
            problem, _, text = text.partition(mark)
            break
    else:
        mark = "/"
    if mark == "/" and text.isdigit():
        return registry.version(problem, int(text))
    if found := next((v for v in registry.versions(problem) if mark == "@" and text in v.aliases), None):
        return found
    raise RegistryError(f"{problem}{mark}{text} names no version.", "`understudy models` lists those there are.")


def _registry(settings: "Settings") -> "ModelRegistry":
    from understudy.adapters import open_registry

    return open_registry(settings)


def _first(settings: "Settings") -> str:
    from cli.problems import known_problems

    return known_problems(settings)[0]


def _require_known(problem: str, settings: "Settings") -> None:
    """Refuse a name that is neither listed nor has a file; one with versions may have lost both."""
    from cli.problems import known_problems
    from understudy.errors import SpecError

    known = known_problems(settings)
    if problem not in known and not (settings.problems / f"{problem}.yaml").is_file():
        raise SpecError(f"There is no problem called {problem!r}.", f"Known problems: {', '.join(known) or 'none'}.")


def _name(version: "Version") -> str:
    return f"{version.problem}/{version.number}"


def _value(version: "Version") -> dict[str, Any]:
    return {**version.model_dump(mode="json"), "champion": version.champion}


def _decided(version: "Version") -> Answer:
    approval = version.approval
    said = f"{_name(version)} is {approval.state} by {approval.by} ({version.stage}): {approval.why}"
    return Answer(_value(version), [said])


def _none(problem: str | None) -> str:
    of = f" of {problem}" if problem else ""
    return f"No versions yet{of}: `understudy train --problem {problem or 'NAME'}` makes one."


def _table(versions: "list[Version]") -> Any:
    from rich.table import Table

    table = Table("version", "stage", "approval", "aliases", "gate", "roc_auc", box=None, header_style="bold")
    for version in versions:
        figure = version.metrics.get("roc_auc")
        table.add_row(
            _name(version),
            version.stage,
            version.approval.state,
            ", ".join(version.aliases),
            version.verdict.decision,
            f"{figure:.4f}" if figure is not None else "",
        )
    return table


def _details(version: "Version") -> list[Any]:
    from rich.table import Table

    facts = Table.grid(padding=(0, 2))
    rows = {
        "version": f"{_name(version)} {' '.join(version.aliases)}".strip(),
        "stage": version.stage,
        "approval": " ".join(filter(None, (version.approval.state, version.approval.by, version.approval.why))),
        "digest": version.digest,
        **{name: f"{figure:.6g}" for name, figure in sorted(version.metrics.items())},
        **{name: str(value) for name, value in version.lineage.model_dump().items() if value != ""},
    }
    for name, value in rows.items():
        facts.add_row(name, value)
    gates = Table("check", "figure", "limit", "verdict", "why", box=None, header_style="bold")
    for check in version.verdict.checks:
        gates.add_row(check.name, _figure(check.figure), _figure(check.limit), check.verdict, check.why)
    return [facts, "", gates]


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
