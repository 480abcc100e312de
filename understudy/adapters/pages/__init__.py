"""HTML pages by Jinja: escaped, complete, and in one style, whoever makes them."""

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape


def templates_of(*packages: str) -> Environment:
    """Templates of some packages, the first that has a name counts; all may include ``house.css``.

    Names and values in a page come from requests and people: they are escaped, and a missing one is an error.
    """
    return Environment(
        loader=ChoiceLoader([PackageLoader(package) for package in (*packages, __name__)]),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
