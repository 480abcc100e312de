import numpy as np
import pytest

from pipelines.probe.duplicates import duplicates
from pipelines.probe.finding import Finding

pytestmark = pytest.mark.unit
N = 1000
PARTS = np.array(["train"] * 600 + ["validation"] * 200 + ["test"] * 200, dtype=object)
Y = np.random.default_rng(1).integers(0, 2, 600)


def probe(hashes: np.ndarray, ids: np.ndarray | None = None) -> dict[str, Finding]:
    ids = np.arange(N) if ids is None else ids
    return {f.probe: f for f in duplicates(ids, PARTS, hashes, hashes[:600], Y, limit=0.01)}


def test_distinct_rows_pass() -> None:
    assert not any(finding.failed for finding in probe(np.arange(N)).values())


def test_copies_in_another_part() -> None:
    hashes = np.arange(N)
    hashes[700:720] = hashes[:20]
    finding = probe(hashes)["duplicate_rows"]
    assert finding.failed
    assert finding.figure == pytest.approx(20 / 400)


def test_a_few_chance_copies_pass() -> None:
    hashes = np.arange(N)
    hashes[700:709] = hashes[:9]
    assert not probe(hashes)["duplicate_rows"].failed


def test_coarse_inputs_repeat_by_chance() -> None:
    finding = probe(np.random.default_rng(2).integers(0, 30, N))["duplicate_rows"]
    assert finding.figure > 0.9
    assert not finding.failed
    assert "coarse" in finding.detail


def test_an_id_in_two_parts() -> None:
    ids = np.arange(N)
    ids[650] = 3
    finding = probe(np.arange(N), ids)["duplicate_ids"]
    assert finding.failed
    assert finding.figure == pytest.approx(1 / N)
