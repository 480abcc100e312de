"""An install with one extra alone imports: each application's modules find all they need within its own extra."""

import importlib.metadata as metadata
import json
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parent.parent
OWN = {"understudy", "problems", "pipelines", "serving", "monitoring", "cli"}

# Hides every installed package that the extra does not bring, then imports the named modules.
CHILD = """
import importlib, importlib.abc, json, sys
hidden, modules = set(json.loads(sys.argv[1])), json.loads(sys.argv[2])
class Hide(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in hidden:
            raise ModuleNotFoundError(f"{name} is not part of this extra", name=name)
sys.meta_path.insert(0, Hide())
for module in modules:
    importlib.import_module(module)
print(len(modules))
"""


def closure(extra: str) -> set[str]:
    """Canonical names of all distributions that ``understudy[extra]`` installs here."""
    found: set[str] = set()
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [("understudy", frozenset({extra}))]
    while waiting:
        name, extras = waiting.pop()
        for line in metadata.requires(name) or []:
            requirement = Requirement(line)
            wanted = requirement.marker is None or any(
                requirement.marker.evaluate({"extra": e}) for e in (extras or {""})
            )
            key = canonicalize_name(requirement.name)
            step = (key, frozenset(requirement.extras))
            if wanted and step not in seen and _installed(key):
                found.add(key)
                seen.add(step)
                waiting.append(step)
    return found


def _installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def hidden_modules(extra: str) -> set[str]:
    """Top-level modules that belong only to distributions outside the extra."""
    inside = closure(extra)
    owners = metadata.packages_distributions()
    return {
        module
        for module, names in owners.items()
        if module not in OWN and not any(canonicalize_name(name) in inside for name in names)
    }


def modules_below(*folders: str) -> list[str]:
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return sorted(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in paths)


def import_with_only(extra: str, modules: list[str]) -> subprocess.CompletedProcess[str]:
    arguments = [json.dumps(sorted(hidden_modules(extra))), json.dumps(modules)]
    return subprocess.run([sys.executable, "-c", CHILD, *arguments], cwd=ROOT, capture_output=True, text=True)


FOUNDATION = [m for m in modules_below("understudy") if ".adapters" not in m and ".features" not in m]


@pytest.mark.parametrize(
    ("extra", "modules"),
    [
        ("pipelines", modules_below("pipelines", "understudy", "problems", "cli")),
        ("serving", [*FOUNDATION, *modules_below("serving")]),
        ("monitoring", [*FOUNDATION, *modules_below("monitoring")]),
    ],
)
def test_an_extra_alone_imports(extra: str, modules: list[str]) -> None:
    done = import_with_only(extra, modules)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == len(modules) > 0


def test_a_package_outside_the_extra_really_is_hidden() -> None:
    done = import_with_only("serving", ["sklearn"])
    assert done.returncode != 0
    assert "sklearn is not part of this extra" in done.stderr
