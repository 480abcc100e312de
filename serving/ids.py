"""Names of predictions: UUIDs of version 7 (RFC 9562), in the order of time and not to be guessed."""

import os
from datetime import UTC, datetime

RANDOM_BYTES = 10
"""Of 80 random bits, 74 are used."""
VARIANTS = {f"{digit:x}": "89ab"[digit % 4] for digit in range(16)}


def new_ids(count: int, at: datetime) -> list[str]:
    """Make ids for what happened at one moment (UTC without zone); within a millisecond their order is random."""
    millisecond = f"{int(at.replace(tzinfo=UTC).timestamp() * 1000):012x}"
    head = f"{millisecond[:8]}-{millisecond[8:]}-7"
    digits = os.urandom(RANDOM_BYTES * count).hex()
    return [
        f"{head}{digits[n : n + 3]}-{VARIANTS[digits[n + 3]]}{digits[n + 4 : n + 7]}-{digits[n + 7 : n + 19]}"
        for n in range(0, 2 * RANDOM_BYTES * count, 2 * RANDOM_BYTES)
    ]
