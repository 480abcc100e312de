"""What a failure of the store's libraries comes down to, however many of them wrapped it."""

import re
from collections.abc import Iterator

from understudy.files import NO_SPACE

LONGEST = 160
"""Characters of a reason: it is one part of a sentence."""

FULL = ("database or disk is full", "no space left on device", "disk quota exceeded")


def disk_is_full(error: BaseException) -> bool:
    """Whether it, or what it was raised from, says that a disk has no room; wrappers keep only the words."""
    return any(
        (isinstance(one, OSError) and one.errno in NO_SPACE) or any(words in str(one).lower() for words in FULL)
        for one in _chain(error)
    )


def reason(error: BaseException) -> str:
    """One line of at most ``LONGEST`` characters, without the password of an address in it."""
    line = str(error).strip().partition("\n")[0] or type(error).__name__
    if nested := re.search(r"Caused by \w+\((.*?)\)*$", line):
        line = re.sub(r"^.*\): |<[^>]*>: ", "", nested[1].strip("'\""))
    line = re.sub(r"://[^/\s]*@", "://***@", line)
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def _chain(error: BaseException) -> Iterator[BaseException]:
    waiting, seen = [error], set()
    while waiting:
        one = waiting.pop()
        if id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [other for other in (one.__cause__, one.__context__) if other is not None]
