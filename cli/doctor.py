"""``understudy doctor``: whether this machine can run the project, and what to do where it cannot."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from cli.answer import Answer
from cli.environment import prepare

if TYPE_CHECKING:
    from cli.checks import Finding

STYLES = {"ok": "green", "warn": "yellow", "fail": "red"}


def doctor() -> Answer:
    """Check this machine: Python, packages, data, ports, disk and telemetry. Exits with 1 if any check fails."""
    settings = prepare()
    from cli.checks import examine

    findings = examine(settings)
    failed = any(finding.state == "fail" for finding in findings)
    value = {"ok": not failed, "checks": [asdict(finding) for finding in findings]}
    return Answer(value, [_table(findings)], code=int(failed))


def _table(findings: "list[Finding]") -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table("", "check", "found", "to do", box=None, header_style="bold")
    for row in findings:
        table.add_row(Text(row.state, STYLES[row.state]), Text(row.name), Text(row.found), Text(row.fix))
    return table
