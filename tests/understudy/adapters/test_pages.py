"""One style for every page, and nothing that a stranger wrote is taken for HTML."""

import pytest
from jinja2 import UndefinedError

from understudy.adapters.pages import templates_of

pytestmark = pytest.mark.unit

FAMILIES = {
    "pipelines.evaluate": "report.css",
    "monitoring.pages": "page.css",
    "monitoring.actions": "incident.html",
}


@pytest.mark.parametrize(("package", "template"), FAMILIES.items())
def test_every_family_of_pages_has_the_palette_once(package: str, template: str) -> None:
    environment = templates_of(package)
    source, _, _ = environment.loader.get_source(environment, template)  # type: ignore[union-attr]
    assert source.count('{% include "house.css" %}') == 1
    assert ":root" not in source.replace(":root { --ground: #fff;", "")
    assert environment.get_template("house.css").render().count("--ground:") == 2, "light and dark"


def test_values_are_escaped_and_missing_ones_are_errors() -> None:
    page = templates_of("monitoring.pages").from_string("<p>{{ said }}</p>")
    assert page.render(said="<script>") == "<p>&lt;script&gt;</p>"
    with pytest.raises(UndefinedError, match="said"):
        page.render()
