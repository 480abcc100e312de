"""What a body may hold, told before anything parses it: a value of two bytes takes up to 300 bytes once it is one."""

from serving.refusals import LONGEST_TEXT, TooManyRowsError

LISTS = b"[{"
LINES = b"\r\n"
SLACK = 1_000
"""Lists and objects that any body may hold."""
SPACE = 2**16
"""Bytes that any body may have beside its texts."""
LONGEST_ESCAPED = 12 * LONGEST_TEXT
"""Bytes of the longest text, written as surrogates."""


def refuse_heavy(body: bytes, rows: int, fields: int, groups: bytes = LISTS) -> None:
    """Refuse a body of many more values than its rows can have.

    Counts signs, those within texts too: twice the values of ``rows`` rows pass, and any single row of texts that
    are not too long.

    Args:
        rows: most that the body may hold.
        fields: of one row.
        groups: signs that begin a list or an object in JSON, or end a line in CSV.

    Raises:
        TooManyRowsError: it is one that would cost far more than its bytes.
    """
    most_groups = 2 * rows + SLACK
    if len(body) <= most_groups:
        return
    most_values = 2 * rows * (fields + 1) + fields * LONGEST_TEXT
    most_bytes = SPACE + rows * fields * LONGEST_ESCAPED
    crowded = sum(body.count(sign) for sign in groups) > most_groups or body.count(b",") > most_values
    if crowded or len(body) > most_bytes:
        raise TooManyRowsError(
            f"The body holds more than {rows:,} row{'s' * (rows > 1)} of {fields} fields can.",
            "Send each field of a row once, and many rows in several requests.",
        )


def refuse_large_row(body: bytes, fields: int) -> None:
    """Refuse JSON of rows of which one is longer than its texts can be.

    Raises:
        TooManyRowsError: there is one.
    """
    if max(map(len, body.split(b"}"))) > SPACE + fields * LONGEST_ESCAPED:
        raise TooManyRowsError(f"A row is longer than {fields} fields can be.", "Send each field of a row once.")
