"""``/docs``: Swagger UI with the files of a package, so that the page opens where nothing else can be reached."""

from importlib.resources import as_file, files

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from serving.http.openapi import PATH

PACKAGE = "fastapi_offline"
SCRIPT, STYLE, ICON = "swagger-ui-bundle.js", "swagger-ui.css", "favicon.png"
DAY = {"cache-control": "max-age=86400"}


def add_pages(app: FastAPI) -> None:
    """Add the page and what it loads. The app itself is made without pages: FastAPI's load their script from afar."""

    async def docs(request: Request) -> Response:
        root = request.scope.get("root_path", "").rstrip("/")
        return get_swagger_ui_html(
            title=app.title,
            openapi_url=f"{root}{PATH}",
            swagger_js_url=f"{root}/docs/{SCRIPT}",
            swagger_css_url=f"{root}/docs/{STYLE}",
            swagger_favicon_url=f"{root}/docs/{ICON}",
        )

    async def part(request: Request) -> Response:
        with as_file(files(PACKAGE) / "static" / request.url.path.rsplit("/", 1)[1]) as path:
            return FileResponse(path, headers=DAY)

    app.add_route("/docs", docs, include_in_schema=False)
    for name in (SCRIPT, STYLE, ICON):
        app.add_route(f"/docs/{name}", part, include_in_schema=False)
