"""What serves, and what a change of it came to, as people read it."""

from typing import TYPE_CHECKING, Any

from cli.answer import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from understudy.deploying import Changed
    from understudy.records import Deployment, Placed


def changed_answer(changed: "Changed") -> Answer:
    """The new revision; whether the aliases show it."""
    made = changed.deployment
    shown = [f"Revision {made.revision} of {made.problem} ({made.change}): {', '.join(_arms(made) + _shadows(made))}."]
    if made.killed:
        shown.append("The kill switch is on: the champion answers everything until `understudy route --resume`.")
    if changed.unmirrored:
        shown.append(f"It stands, but the registry's aliases do not show it yet: {changed.unmirrored}")
        shown.append("The next change mends them.")
    value = {**made.model_dump(mode="json"), "unmirrored": changed.unmirrored or None}
    return Answer(value, shown)


def history_table(history: "Sequence[Deployment]") -> Any:
    """One row for each revision."""
    from rich.table import Table

    table = Table(box=None, header_style="bold")
    table.add_column("#", justify="right")
    for heading in ("change", "mode", "serves", "who", "when (UTC)", "why"):
        table.add_column(heading, overflow="fold", no_wrap=heading in ("change", "serves", "when (UTC)"))
    for one in history:
        change = f"{one.change} to {one.restores}" if one.restores else one.change
        mode = f"{one.mode}, killed" if one.killed else one.mode
        serves = "\n".join(_arms(one) + _shadows(one))
        table.add_row(str(one.revision), change, mode, serves, one.who, f"{one.at:%Y-%m-%d %H:%M}", one.why)
    return table


def _arms(deployment: "Deployment") -> list[str]:
    problem = deployment.problem
    named = [f"{arm.name} {problem}/{arm.version} {100 * arm.weight:.4g} %{_threshold(arm)}" for arm in deployment.arms]
    if ramp := deployment.ramp:
        named[-1] += f" ({', '.join(f'{100 * share:g}' for share in ramp.shares)} % by turns)"
    return named


def _shadows(deployment: "Deployment") -> list[str]:
    return [f"{one.name} {deployment.problem}/{one.version}{_threshold(one)}" for one in deployment.shadows]


def _threshold(placed: "Placed") -> str:
    return "" if placed.threshold is None else f" (decides at {placed.threshold:.4g})"
