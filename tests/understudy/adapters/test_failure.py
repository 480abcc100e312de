"""The reason below the wrappers."""

import errno

import pytest

from understudy.adapters.failure import LONGEST, disk_is_full, reason

pytestmark = pytest.mark.unit

URLLIB3 = (
    "API request to http://ann:secret@127.0.0.1:9/api failed with exception HTTPConnectionPool(host='127.0.0.1', "
    "port=9): Max retries exceeded with url: /api/2.0/mlflow/registered-models/search?max_results=1 (Caused by "
    "NewConnectionError(\"HTTPConnection(host='127.0.0.1', port=9): Failed to establish a new connection: "
    '[Errno 111] Connection refused"))'
)


def wrapped(inner: Exception, outer: Exception) -> Exception:
    outer.__cause__ = inner
    return outer


@pytest.mark.parametrize(
    "inner", [OSError(errno.ENOSPC, "full"), OSError(errno.EDQUOT, "full"), ValueError("database or disk is full")]
)
def test_a_full_disk_is_seen_through_wrappers(inner: Exception) -> None:
    assert disk_is_full(inner)
    assert disk_is_full(wrapped(inner, RuntimeError("raised as a result of Query-invoked autoflush")))


def test_words_suffice_and_other_failures_are_none() -> None:
    assert disk_is_full(RuntimeError("(raised by autoflush) (sqlite3.OperationalError) database or disk is full"))
    assert not disk_is_full(wrapped(OSError(errno.ENOENT, "absent"), RuntimeError("no")))


def test_a_chain_that_bites_its_tail_ends() -> None:
    one = ValueError("one")
    assert not disk_is_full(wrapped(wrapped(one, ValueError("two")), one))


def test_chatter_comes_down_to_its_cause() -> None:
    assert reason(RuntimeError(URLLIB3)) == "Failed to establish a new connection: [Errno 111] Connection refused"


def test_a_reason_is_one_short_line_without_a_password() -> None:
    said = reason(RuntimeError("postgresql://ann:secret@host/db " + "x" * 500 + "\nmore"))
    assert len(said) == LONGEST
    assert "secret" not in said
    assert "\n" not in said
    assert reason(KeyError()) == "KeyError"
