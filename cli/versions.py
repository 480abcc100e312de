"""Commands on registered versions: ``models``, ``show``, ``approve`` and ``reject``."""

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.answer import Answer
from cli.deployments import is_deployed
from cli.environment import prepare
from cli.naming import find

if TYPE_CHECKING:
    from understudy.ports import ModelRegistry
    from understudy.records import Version
    from understudy.settings import Settings

Name = Annotated[str, typer.Argument(metavar="VERSION", help="problem/number, problem@alias, or a number.")]
Of = Annotated[str | None, typer.Option("--problem", help="The problem, where VERSION is a number that several have.")]
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
    """Show one version: how it was judged, on what figures, where it comes from, and whether its bundle is intact.

    Each stored file is compared with the hash that the manifest gives. Exits with 1 when one differs or cannot be read.
    """
    registry = _registry(prepare())
    found = find(registry, version, problem)
    wrong = flaw(registry, found)
    stored = {"verified": not wrong, "wrong": wrong}
    return Answer({**_value(found), "stored": stored}, _details(found, wrong), code=1 if wrong else 0)


def approve(
    version: Name,
    why: Why,
    problem: Of = None,
    by: By = None,
    override: Annotated[bool, typer.Option("--override", help="Also a version that the gate refused.")] = False,
) -> Answer:
    """Approve a version, so that it may serve; where nothing is deployed yet it becomes champion."""
    settings = prepare()
    from pipelines.register import approve as approve_version
    from understudy.errors import RegistryError

    registry = _registry(settings)
    found = find(registry, version, problem)
    if found.verdict.decision == "rejected" and not override:
        names = ", ".join(check.name for check in found.verdict.failed)
        raise RegistryError(
            f"The gate refused {_name(found)}: {names}.", "Add --override to approve it all the same; it is recorded."
        )
    deployed = is_deployed(found.problem, settings)
    return _decided(approve_version(registry, found.problem, found.number, by or getpass.getuser(), why, deployed))


def reject(version: Name, why: Why, problem: Of = None, by: By = None) -> Answer:
    """Reject a version, so that it is not served."""
    settings = prepare()
    from pipelines.register import reject as reject_version

    registry = _registry(settings)
    found = find(registry, version, problem)
    return _decided(reject_version(registry, found.problem, found.number, by or getpass.getuser(), why))


def flaw(registry: "ModelRegistry", version: "Version") -> str:
    """What is wrong with the version's stored bundle, compared with its manifest file by file; empty if nothing is."""
    from tempfile import TemporaryDirectory

    from understudy.bundle import Bundle
    from understudy.errors import UnderstudyError

    with TemporaryDirectory() as aside:
        copy = Path(aside) / "bundle"
        try:
            digest = Bundle.load(registry.fetch(version.problem, version.number, copy)).digest
        except UnderstudyError as error:
            return error.what.replace(f" at {copy}", "")
    return "" if digest == version.digest else "Its digest is not the one that was registered."


def _registry(settings: "Settings") -> "ModelRegistry":
    from understudy.adapters import open_registry

    return open_registry(settings)


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


def _details(version: "Version", wrong: str) -> list[Any]:
    from rich.table import Table

    facts = Table.grid(padding=(0, 2))
    facts.add_column(no_wrap=True)
    facts.add_column(overflow="fold")
    rows = {
        "version": f"{_name(version)} {' '.join(version.aliases)}".strip(),
        "stage": version.stage,
        "approval": " ".join(filter(None, (version.approval.state, version.approval.by, version.approval.why))),
        "digest": version.digest,
        "bundle": f"not verified: {wrong}" if wrong else "verified: every file is what the manifest says",
        **{name: f"{figure:.6g}" for name, figure in sorted(version.metrics.items())},
        **{name: str(value) for name, value in version.lineage.model_dump().items() if value not in ("", None)},
    }
    for name, value in rows.items():
        facts.add_row(name, value)
    gates = Table(box=None, header_style="bold")
    for heading in ("check", "figure", "limit", "verdict", "why"):
        gates.add_column(heading, overflow="fold")
    for check in version.verdict.checks:
        gates.add_row(check.name, _figure(check.figure), _figure(check.limit), check.verdict, check.why)
    return [facts, "", gates]


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
