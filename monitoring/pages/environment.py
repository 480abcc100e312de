"""How every page of the watch path is filled in: escaped, complete, with the same words for numbers."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from monitoring.pages import figures

WORDS = ("number", "fixed", "signed", "ranged", "percent", "count", "moment")


def fill(template: str, **values: Any) -> str:
    """One self-contained HTML page. Names and values that come from requests and people are escaped."""
    environment = Environment(
        loader=PackageLoader("monitoring.pages"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {name: getattr(figures, name) for name in WORDS}
    return environment.get_template(template).render(**values)
