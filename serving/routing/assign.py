"""Parting units into arms by a salted hash: the same unit, the same arm, on every replica and after a restart."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b

CHAMPION = 0
"""Place of the champion among the arms."""


def shares(salt: str, units: Iterable[str]) -> list[float]:
    """Where each unit stands in [0, 1): 53 bits of BLAKE2b over salt and unit."""
    begun = blake2b(f"{salt}|".encode(), digest_size=8)
    found = []
    for unit in units:
        hashed = begun.copy()
        hashed.update(unit.encode("utf-8", "surrogatepass"))
        found.append((int.from_bytes(hashed.digest(), "big") >> 11) / 2**53)
    return found


def arm_at(share: float, weights: Sequence[float]) -> int:
    """Place of the arm that a unit belongs to.

    The challengers lie from 0 upwards in their order, and the champion has the rest. So when a canary's weight
    rises, units move from the champion to it, and none the other way.
    """
    upper = 0.0
    for place in range(1, len(weights)):
        upper += weights[place]
        if share < upper:
            return place
    return CHAMPION
