"""The page of an incident, drawn from its JSON alone."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape


def render(incident: dict[str, Any]) -> str:
    """One self-contained HTML page: no script, nothing fetched, light and dark, printable.

    Names of columns, values of segments and reasons come from requests and people: all of them are escaped.
    """
    environment = Environment(
        loader=PackageLoader("monitoring.actions"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["figure"] = figure
    top = max((suspect["score"] for suspect in incident["suspects"]), default=1.0)
    return environment.get_template("incident.html").render(**incident, top=top)


def figure(value: float | None) -> str:
    """A number to four digits; a dash where there is none."""
    return "-" if value is None else f"{value:,.4g}"
