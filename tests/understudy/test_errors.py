import pytest

from understudy import errors

pytestmark = pytest.mark.unit

LEAVES = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and issubclass(value, errors.UnderstudyError) and value is not errors.UnderstudyError
]


def test_message_is_what_and_fix() -> None:
    error = errors.DataError("The file a.csv is empty.", "Export it again.")
    assert (error.what, error.fix) == ("The file a.csv is empty.", "Export it again.")
    assert str(error) == "The file a.csv is empty. Export it again."
    assert str(errors.DataError("Alone.")) == "Alone."


def test_each_leaf_has_a_code_of_its_own() -> None:
    codes = [leaf.code for leaf in LEAVES]
    assert len(LEAVES) >= 6
    assert len(set(codes)) == len(codes)
    assert "error" not in codes


def test_a_leak_is_bad_data() -> None:
    with pytest.raises(errors.DataError, match="dep_delay"):
        raise errors.LeakError("dep_delay is known only after departure.")
