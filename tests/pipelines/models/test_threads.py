import pytest
import sklearn.linear_model  # noqa: F401  (loads the thread pools)
from threadpoolctl import threadpool_info

from pipelines.models.threads import limited

pytestmark = pytest.mark.unit


def test_linear_algebra_keeps_to_one_thread() -> None:
    before = {pool["filepath"]: pool["num_threads"] for pool in threadpool_info()}
    with limited(2):
        inside = {(pool["user_api"], pool["num_threads"]) for pool in threadpool_info()}

    assert inside == {("blas", 1), ("openmp", 2)}
    assert {pool["filepath"]: pool["num_threads"] for pool in threadpool_info()} == before
