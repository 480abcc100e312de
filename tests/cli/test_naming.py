"""Naming a version, in full or as short as is clear."""

import pytest

from cli.naming import find
from understudy.errors import RegistryError
from understudy.records import Approval, Lineage, Verdict, Version

pytestmark = pytest.mark.unit


def version(problem: str, number: int, *aliases: str) -> Version:
    return Version(
        problem=problem,
        number=number,
        digest=str(number),
        stage="development",
        approval=Approval(),
        aliases=aliases,
        verdict=Verdict(digest=str(number), decision="accepted", checks=()),
        lineage=Lineage(data_hash="", config_hash="", lock_hash="", study=""),
        metrics={},
    )


class Registry:
    """Versions of two problems; of the port only what naming needs."""

    kept = (
        version("bank", 3),
        version("bank", 1),
        version("flights", 3),
        version("flights", 2),
        version("flights", 1, "champion"),
    )

    def problems(self) -> tuple[str, ...]:
        return ("bank", "flights")

    def versions(self, problem: str) -> tuple[Version, ...]:
        return tuple(found for found in self.kept if found.problem == problem)

    def version(self, problem: str, number: int) -> Version:
        for found in self.versions(problem):
            if found.number == number:
                return found
        raise RegistryError(f"There is no version {number} of {problem}.", "")


@pytest.mark.parametrize(
    ("text", "problem", "meant"),
    [
        ("flights/1", None, "flights/1"),
        ("flights@champion", None, "flights/1"),
        ("2", None, "flights/2"),
        ("3", "bank", "bank/3"),
        ("flights/1", "bank", "flights/1"),
    ],
)
def test_a_version_is_named_in_full_or_by_a_number_that_only_one_has(
    text: str, problem: str | None, meant: str
) -> None:
    found = find(Registry(), text, problem)  # type: ignore[arg-type]
    assert f"{found.problem}/{found.number}" == meant


def test_a_number_that_several_have_is_refused_with_their_names() -> None:
    with pytest.raises(RegistryError) as caught:
        find(Registry(), "3")  # type: ignore[arg-type]
    assert caught.value.what == "3 can be bank/3 or flights/3."
    assert caught.value.fix == "Say which by its whole name, as in bank/3, or with --problem bank."


@pytest.mark.parametrize("text", ["9", "bank/2", "flights@previous", "champion", "flights/one", "flights/²", ""])
@pytest.mark.parametrize("problem", [None, "bank"])
def test_a_name_of_nothing_is_refused(text: str, problem: str | None) -> None:
    with pytest.raises(RegistryError, match="no version"):
        find(Registry(), text, problem)  # type: ignore[arg-type]
