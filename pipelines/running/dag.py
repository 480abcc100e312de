"""The write path's graph, read from ``dvc.yaml`` by DVC itself, and what DVC knows about each stage."""

import logging
import os
from collections.abc import Container, Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, Literal

from dvc.exceptions import DvcException
from dvc.lock import LockError
from dvc.repo import Repo, lock_repo
from dvc_objects.errors import ObjectFormatError

from pipelines.running.aftermath import heal_lockfile, heal_rwlock, keeping_lockfile
from understudy.errors import MachineError, SpecError

Standing = Literal["unchanged", "restored", "stale"]
Fingerprint = tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Node:
    """One stage of one problem."""

    name: str
    address: str
    after: tuple[str, ...]
    """Names of the stages whose results it reads."""


class Dag:
    """The stages of one problem in the order in which they run, and DVC's memory of them."""

    def __init__(self, root: Path, problem: str) -> None:
        """Open the project at ``root``, and mend what a killed run may have left half-written.

        Raises:
            SpecError: ``dvc.yaml`` or ``dvc.lock`` cannot be read, or has no stages for the problem.
        """
        self._root = root
        with _at(root):
            self._repo = _open(root)
            self._tmp = Path(self._repo.tmp_dir)
            with lock_repo(self._repo):
                heal_rwlock(self._tmp)
                heal_lockfile(root, self._tmp)
            self.nodes = _nodes(self._repo, problem)
        if not self.nodes:
            raise SpecError(
                f"dvc.yaml has no stages for the problem {problem!r}.",
                f"Add the line `  {problem}: {{source: ...}}` to configs/problems.yaml.",
            )

    def stale(self) -> frozenset[str]:
        """Names of the stages that differ from what ``dvc.lock`` recorded."""
        with _at(self._root):
            changed = self._repo.status(targets=[node.address for node in self.nodes])
        return frozenset(node.name for node in self.nodes if node.address in changed)

    def settle(self, node: Node) -> Standing:
        """Bring a stage's outputs back from DVC's cache where it has them; else say that it must run.

        DVC's run cache is left aside: its key forgets every parameter called ``size``, at any depth, so that it
        can take the outputs of other parameters for these.
        """
        changes = self._changes(node)
        if not changes:
            return "unchanged"
        if changes == {"not in cache"} and self._is_whole(node):
            self.commit(node)
            return "unchanged"
        if changes <= {"deleted", "modified"} and self._check_out(node) and not self._changes(node):
            return "restored"
        return "stale"

    def fingerprint(self, node: Node, but: Container[str] = ()) -> Fingerprint:
        """What the stage depends on, as it is now, ``but`` for some paths: code, inputs and parameters, by hash."""
        with _at(self._root), lock_repo(self._repo):
            deps = [dep for dep in self._stage(node).deps if str(dep.def_path) not in but]
            for dep in deps:
                dep.save()
            return tuple((str(dep.def_path), dep.hash_info.value) for dep in deps)

    def commit(self, node: Node, before: Fingerprint | None = None) -> None:
        """Record the stage's outputs in ``dvc.lock`` and in DVC's cache.

        Raises:
            MachineError: its code, inputs or parameters are no longer those of ``before``.
        """
        if before is not None and before != self.fingerprint(node):
            raise MachineError(
                f"What {node.name} depends on was edited while it ran.", "Run the same command again to use the edit."
            )
        with _at(self._root), lock_repo(self._repo), keeping_lockfile(self._root, self._tmp):
            # Linking would swap the files under readers; copying leaves the stage's folder alone.
            self._repo.commit(node.address, force=True, relink=False)

    def _changes(self, node: Node) -> set[str]:
        """What is wrong with the outputs alone, in DVC's words; ``inputs`` where more than they changed."""
        with _at(self._root):
            entries = self._repo.status(targets=[node.address]).get(node.address, [])
        outputs = [entry.get("changed outs") if isinstance(entry, dict) else None for entry in entries]
        return {word for output in outputs for word in (output.values() if output else ["inputs"])}

    def _is_whole(self, node: Node) -> bool:
        """Whether the outputs that stand are those of ``dvc.lock``, cached or not."""
        with _at(self._root), lock_repo(self._repo):
            return not any(out.workspace_status() for out in self._stage(node).outs)

    def _check_out(self, node: Node) -> bool:
        """Copy the outputs out of the cache; one that lacks or garbles any counts as none."""
        with _at(self._root):
            try:
                self._repo.checkout(targets=[node.address], force=True)
            except LockError:
                raise
            except (DvcException, ObjectFormatError, OSError):
                return False
        return True

    def _stage(self, node: Node) -> Any:
        return self._repo.stage.collect(node.address)[0]


def _open(root: Path) -> Repo:
    # DVC sets its own level when it is imported; what it would say, the display says better.
    logging.getLogger("dvc").setLevel(logging.ERROR)
    config = {} if (root / ".git").exists() else {"core": {"no_scm": True}}
    return Repo(os.fspath(root), config=config, _wait_for_lock=True)


def _nodes(repo: Repo, problem: str) -> tuple[Node, ...]:
    mine = {stage.addressing: stage for stage in repo.index.stages if stage.addressing.endswith(f"@{problem}")}
    graph = repo.index.graph
    needs = {
        address: [other.addressing for other in graph.successors(stage) if other.addressing in mine]
        for address, stage in mine.items()
    }
    return tuple(
        Node(_name(address), address, tuple(_name(other) for other in needs[address]))
        for address in TopologicalSorter(needs).static_order()
    )


def _name(address: str) -> str:
    return address.partition("@")[0]


@contextmanager
def _at(root: Path) -> Iterator[None]:
    """DVC reads addresses from the working folder; its errors become ours."""
    try:
        with chdir(root):
            yield
    except LockError as error:
        raise MachineError(
            f"DVC cannot lock this project: {error}.", "Wait until the other dvc command ends, then try again."
        ) from error
    except DvcException as error:
        raise SpecError(f"DVC refuses: {error}.", "`dvc status` shows the same from the shell.") from error
