"""How every page of the watch path is filled in: escaped, complete, with the same words for numbers."""

from typing import Any

from monitoring.pages import figures
from understudy.adapters.pages import templates_of

WORDS = ("number", "fixed", "signed", "ranged", "percent", "count", "moment")


def fill(template: str, **values: Any) -> str:
    """One self-contained HTML page. Names and values that come from requests and people are escaped."""
    environment = templates_of("monitoring.pages")
    environment.filters |= {name: getattr(figures, name) for name in WORDS}
    return environment.get_template(template).render(**values)
