"""Moments as people write them."""

from datetime import UTC, datetime


def moment(text: str) -> datetime:
    """A date or a time, UTC without zone; one that says no zone is in UTC.

    Raises:
        DataError: it is neither.
    """
    from understudy.errors import DataError

    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise DataError(f"{text!r} is not a moment.", "Write it as in 2013-11-01 or 2013-11-01T06:00.") from error
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def seconds(text: str) -> float:
    """A length of time, as in ``30s``, ``15m``, ``1h`` or ``2d``.

    Raises:
        DataError: it is none.
    """
    from understudy.errors import DataError
    from understudy.problem import parse_span

    try:
        return float(text[:-1]) if text.endswith("s") else parse_span(text).total_seconds()
    except (ValueError, OverflowError) as error:
        raise DataError(f"{text!r} is not a time.", "Write it as in 30s, 15m, 1h or 2d.") from error
