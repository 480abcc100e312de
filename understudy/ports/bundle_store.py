"""Where servers get bundles from: content by digest, without a registry's client."""

from pathlib import Path
from typing import Protocol

from understudy.bundle import Bundle


class BundleStore(Protocol):
    """Bundles by digest."""

    def publish(self, bundle: Bundle) -> None:
        """Copy a verified bundle into the store; one that is there already stays."""
        ...

    def fetch(self, digest: str, into: Path) -> Path:
        """Copy a bundle to the folder ``into`` (which must not exist) and return it: unverified.

        Raises:
            BundleError: the store has no such bundle, or what it has leads outside it or is too large.
        """
        ...
