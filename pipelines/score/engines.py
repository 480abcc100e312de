"""Who scores the parts: threads of this process, or workers of a Dask cluster."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Literal

from pipelines.score.part import Part, Work, score_part
from understudy.errors import MachineError, UnderstudyError

Engine = Literal["local", "dask"]
PATIENCE = "10s"
"""How long a Dask scheduler may take to answer."""


def run_parts(engine: Engine, scheduler: str, work: Work, parts: Sequence[Part], workers: int) -> Iterator[Part]:
    """Score the parts, and give each as it is finished.

    Args:
        scheduler: address of a Dask scheduler, such as ``tcp://10.0.0.5:8786``; empty for a cluster on this machine.
        workers: how many threads, or processes of a cluster on this machine.

    Raises:
        UnderstudyError: a part failed; the others that were under way are finished, and no more are begun.
    """
    return _on_dask(scheduler, work, parts, workers) if engine == "dask" else _in_threads(work, parts, workers)


def _in_threads(work: Work, parts: Sequence[Part], workers: int) -> Iterator[Part]:
    """DuckDB, Arrow, numpy and ONNX Runtime let go of the interpreter while they work."""
    with ThreadPoolExecutor(workers, thread_name_prefix="score") as pool:
        try:
            for future in as_completed([pool.submit(score_part, part, work) for part in parts]):
                yield future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _on_dask(scheduler: str, work: Work, parts: Sequence[Part], workers: int) -> Iterator[Part]:
    with _client(scheduler, workers) as client:
        shared = client.scatter(work, broadcast=True)
        futures = client.map(score_part, parts, work=shared, pure=False)
        try:
            for future in _distributed().as_completed(futures, loop=client.loop):
                yield _result(future)
        finally:
            client.cancel(futures)


def _result(future: Any) -> Part:
    try:
        part: Part = future.result()
        return part
    except UnderstudyError:
        raise
    except Exception as error:
        raise MachineError(
            f"A Dask worker failed: {type(error).__name__}: {error}.",
            "Workers need this checkout, its packages, and the folders of the input and the output under these paths.",
        ) from error


@contextmanager
def _client(scheduler: str, workers: int) -> Iterator[Any]:
    dask = _distributed()
    if scheduler:
        try:
            client = dask.Client(scheduler, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError) as error:
            raise MachineError(
                f"The Dask scheduler at {scheduler} cannot be reached: {error}.",
                "Start one with `dask scheduler`, or leave --scheduler out for workers on this machine.",
            ) from error
        with client:
            yield client
    else:
        with (
            dask.LocalCluster(
                n_workers=workers, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
            ) as cluster,
            dask.Client(cluster, set_as_default=False) as client,
        ):
            yield client


def _distributed() -> Any:
    """Dask's scheduler and clients, which only those who ask for them wait for."""
    return import_module("distributed")
