"""The model registry: versions, their evidence, and which one is champion."""

from pathlib import Path
from typing import Literal, Protocol

from understudy.bundle import Bundle
from understudy.records import Verdict, Version


class ModelRegistry(Protocol):
    """Versions of bundles by problem: their evidence, their approval, and which one is champion.

    Every method raises ``RegistryError`` when the store cannot be reached, and when it is asked for a
    version that does not exist.
    """

    def problems(self) -> tuple[str, ...]:
        """Names of the problems that have versions, sorted."""
        ...

    def versions(self, problem: str) -> tuple[Version, ...]:
        """All versions, newest first; empty for an unknown problem."""
        ...

    def version(self, problem: str, number: int) -> Version: ...

    def champion(self, problem: str) -> Version | None: ...

    def find(self, bundle: Bundle) -> Version | None:
        """The version that holds this very bundle, by its digest."""
        ...

    def register(self, bundle: Bundle, verdict: Verdict) -> Version:
        """Store a bundle with its evidence as a new version: stage development, approval pending.

        A digest that is there already gives its version unchanged, also when several processes ask at
        once and after a kill half-way.
        """
        ...

    def decide(self, problem: str, number: int, state: Literal["approved", "rejected"], by: str, why: str) -> Version:
        """Record an approval or a rejection. An approved version moves to staging, a rejected one is archived.

        Raises:
            RegistryError: the version is champion, which only a promotion of another can change.
        """
        ...

    def promote(self, problem: str, number: int) -> Version:
        """Make an approved version champion; the one before it becomes ``previous`` and is archived.

        Raises:
            RegistryError: the version is not approved.
        """
        ...

    def point(self, problem: str, alias: Literal["challenger", "previous"], number: int | None) -> None:
        """Point an alias at a version, or at none. Only a promotion moves ``champion``."""
        ...

    def fetch(self, problem: str, number: int, into: Path) -> Path:
        """Copy the version's bundle to the folder ``into``, which must not exist, and return it."""
        ...
