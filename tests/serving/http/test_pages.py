"""The page that describes the server, without the internet."""

import re

import pytest
from asgi_client import AsgiClient

pytestmark = pytest.mark.unit


def test_the_page_loads_nothing_from_elsewhere(client: AsgiClient) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    assert "://" not in page.text
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    kinds = {path: client.get(path) for path in loaded}
    assert {path: answer.headers["content-type"].split(";")[0] for path, answer in kinds.items()} == {
        "/docs/swagger-ui-bundle.js": "text/javascript", "/docs/swagger-ui.css": "text/css",
        "/docs/favicon.png": "image/png",
    }  # fmt: skip
    assert "SwaggerUIBundle" in kinds["/docs/swagger-ui-bundle.js"].text
    assert client.get(re.findall(r"url: '([^']+)'", page.text)[0]).json()["openapi"].startswith("3.1")


@pytest.mark.parametrize("path", ["/docs/other.js", "/docs/%2e%2e/pages.py", "/docs/swagger-ui.css/x", "/redoc"])
def test_nothing_else_is_given(client: AsgiClient, path: str) -> None:
    assert client.get(path).status_code == 404
