"""From what a person types to the version that is meant."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from understudy.ports import ModelRegistry
    from understudy.records import Version

LIST = "`understudy models` lists those there are."


def find(registry: "ModelRegistry", text: str, problem: str | None = None) -> "Version":
    """The version that ``text`` names: ``flights/3``, ``flights@champion``, or ``3`` where that can be only one.

    Args:
        problem: whose version a bare number is; without it, that of the only problem with such a version.

    Raises:
        RegistryError: it names none, or a bare number names several.
    """
    from understudy.errors import RegistryError

    for mark in ("/", "@"):
        if mark in text:
            problem, _, text = text.partition(mark)
            return _of(registry, problem, mark, text)
    if problem:
        return _of(registry, problem, "/", text)
    found = [v for name in registry.problems() for v in registry.versions(name) if str(v.number) == text]
    if len(found) == 1:
        return found[0]
    if not found:
        raise RegistryError(f"{text!r} names no version.", LIST)
    names = [f"{v.problem}/{v.number}" for v in found]
    raise RegistryError(
        f"{text} can be {', '.join(names[:-1])} or {names[-1]}.",
        f"Say which by its whole name, as in {names[0]}, or with --problem {found[0].problem}.",
    )


def _of(registry: "ModelRegistry", problem: str, mark: str, text: str) -> "Version":
    from understudy.errors import RegistryError

    if mark == "/" and text.isdecimal():
        return registry.version(problem, int(text))
    if found := next((v for v in registry.versions(problem) if mark == "@" and text in v.aliases), None):
        return found
    raise RegistryError(f"{problem}{mark}{text} names no version.", LIST)
