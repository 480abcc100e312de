"""DVC's graph and DVC's memory, read in process."""

import shutil
from pathlib import Path

import pytest
from workspace import Workspace

from pipelines.running.dag import Dag, Node
from understudy.errors import MachineError, SpecError

pytestmark = [
    pytest.mark.integration,
    # DVC asks pygtrie by a name that is going away.
    pytest.mark.filterwarnings("ignore:_NoneStep.value will soon:DeprecationWarning"),
]

ORDER = ["ingest", "validate", "featurize", "split", "probe", "tune", "train", "evaluate", "bundle"]


def ingest(root: Path, text: str = "rows") -> tuple[Dag, Node]:
    """A project in which ``ingest`` has run, outside of DVC's knowledge."""
    out = root / "data" / "toy" / "ingest"
    out.mkdir(parents=True, exist_ok=True)
    (out / "rows.parquet").write_text(text)
    dag = Dag(root, "toy")
    return dag, dag.nodes[0]


def test_the_graph_is_that_of_dvc_yaml(toy: Workspace) -> None:
    nodes = {node.name: node for node in Dag(toy.root, "toy").nodes}
    places = {name: place for place, name in enumerate(nodes)}
    assert sorted(nodes) == sorted(ORDER)
    assert all(places[name] < places[node.name] for node in nodes.values() for name in node.after)
    assert nodes["ingest"] == Node("ingest", "ingest@toy", ())
    assert set(nodes["train"].after) == {"split", "tune"}
    assert list(nodes)[-1] == "bundle"


def test_a_problem_that_dvc_yaml_lacks(toy: Workspace) -> None:
    with pytest.raises(SpecError, match=r"dvc.yaml has no stages for the problem 'bikes'"):
        Dag(toy.root, "bikes")


def test_what_was_committed_is_unchanged_until_its_inputs_change(toy: Workspace) -> None:
    dag, node = ingest(toy.root)
    assert dag.settle(node) == "stale"
    dag.commit(node)
    assert dag.settle(node) == "unchanged"
    assert "ingest" not in dag.stale()
    assert dag.stale() == set(ORDER) - {"ingest"}
    text = (toy.root / "problems" / "toy.csv").read_text()
    (toy.root / "problems" / "toy.csv").write_text(text + "600,1,1,ash,yes\n")
    assert Dag(toy.root, "toy").settle(node) == "stale"


def test_the_shell_agrees(toy: Workspace) -> None:
    dag, node = ingest(toy.root)
    dag.commit(node)
    status = toy.dvc("status", "ingest@toy")
    assert "up to date" in status.stdout, status.stdout + status.stderr


@pytest.mark.parametrize("damage", ["deleted", "garbled", "half"])
def test_outputs_come_back_from_the_cache(toy: Workspace, damage: str) -> None:
    dag, node = ingest(toy.root)
    dag.commit(node)
    out = toy.root / "data" / "toy" / "ingest"
    if damage == "deleted":
        shutil.rmtree(out)
    elif damage == "garbled":
        (out / "rows.parquet").write_text("no rows")
    else:
        (out / "more.parquet").write_text("of a checkout that was killed")
    assert Dag(toy.root, "toy").settle(node) == "restored"
    assert [(path.name, path.read_text()) for path in out.iterdir()] == [("rows.parquet", "rows")]


def test_without_a_cache_a_stage_runs_again_or_is_cached_again(toy: Workspace) -> None:
    dag, node = ingest(toy.root)
    dag.commit(node)
    shutil.rmtree(toy.root / ".dvc" / "cache")
    assert Dag(toy.root, "toy").settle(node) == "unchanged"
    shutil.rmtree(toy.root / "data" / "toy" / "ingest")
    assert Dag(toy.root, "toy").settle(node) == "restored"
    shutil.rmtree(toy.root / ".dvc" / "cache")
    (toy.root / "data" / "toy" / "ingest" / "rows.parquet").write_text("no rows")
    assert Dag(toy.root, "toy").settle(node) == "stale"
    shutil.rmtree(toy.root / "data" / "toy" / "ingest")
    assert Dag(toy.root, "toy").settle(node) == "stale"


def test_a_parameter_called_size_is_a_parameter(toy: Workspace) -> None:
    dag, node = ingest(toy.root)
    dag.commit(node)
    yaml = toy.root / "configs" / "problems" / "toy.yaml"
    yaml.write_text(yaml.read_text().replace("size: {kind: number, nulls: 0.1}", "size: {kind: number, nulls: 0.2}"))
    assert Dag(toy.root, "toy").settle(node) == "stale"


def test_an_edit_while_the_stage_runs_is_not_recorded_as_its_cause(toy: Workspace) -> None:
    dag, node = ingest(toy.root)
    before = dag.fingerprint(node)
    (toy.root / "pipelines" / "ingest" / "more.py").write_text("MORE = 1\n")
    with pytest.raises(MachineError, match="What ingest depends on was edited while it ran"):
        dag.commit(node, before)
    assert "ingest" in dag.stale()


def test_a_missing_input_is_named(toy: Workspace) -> None:
    dag, node = ingest(toy.root)
    (toy.root / "problems" / "toy.csv").unlink()
    with pytest.raises(SpecError, match=r"problems/toy\.csv"):
        dag.fingerprint(node)


def test_an_unreadable_lockfile_is_named(toy: Workspace) -> None:
    (toy.root / "dvc.lock").write_text("schema: '2.0'\nstages: [")
    with pytest.raises(SpecError, match=r"dvc\.lock"):
        Dag(toy.root, "toy")


def test_a_lockfile_that_a_kill_cut_short_is_put_back(toy: Workspace) -> None:
    dag, node = ingest(toy.root)
    dag.commit(node)
    whole = (toy.root / "dvc.lock").read_text()
    (toy.root / ".dvc" / "tmp" / "dvc.lock.kept").write_text(whole)
    (toy.root / "dvc.lock").write_text(whole[:100])
    assert Dag(toy.root, "toy").settle(node) == "unchanged"
    assert (toy.root / "dvc.lock").read_text() == whole
