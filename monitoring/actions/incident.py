"""The page of an incident, drawn from its JSON alone."""

from typing import Any

from understudy.adapters.pages import templates_of


def render(incident: dict[str, Any]) -> str:
    """One self-contained HTML page: no script, nothing fetched, light and dark, printable."""
    environment = templates_of("monitoring.actions")
    environment.filters["figure"] = figure
    top = max((suspect["score"] for suspect in incident["suspects"]), default=1.0)
    return environment.get_template("incident.html").render(**incident, top=top)


def figure(value: float | None) -> str:
    """A number to four digits; a dash where there is none."""
    return "-" if value is None else f"{value:,.4g}"
