"""Evidence of alerts about versions whose digest is their number."""

from datetime import datetime, timedelta
from typing import Any

from some_versions import digest_of

START = datetime(2013, 11, 1)
WEEK = timedelta(days=7)


def about(number: int = 1, **more: Any) -> dict[str, Any]:
    """Evidence about a version, as of four weeks after the start."""
    return {"digest": digest_of(number), "version": number, "as_of": (START + 4 * WEEK).isoformat(), **more}
