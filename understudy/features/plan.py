"""From columns to model inputs: which feature functions run, and in which order."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from understudy.errors import SpecError
from understudy.problem import ProblemSpec

Array = NDArray[Any]
Function = Callable[..., Array]


class Tensors(NamedTuple):
    """What the compiled model takes, and what is logged beside it; None where there are no such columns."""

    numbers: NDArray[np.float32] | None
    """[rows, numbers], NaN for missing."""
    categories: Array | None
    """Text [rows, categories], "" for missing."""
    watched: NDArray[np.float32] | None
    """[rows, watched], NaN for missing."""


@dataclass(frozen=True)
class Plan:
    """Everything needed to turn request fields and looked-up values into model inputs."""

    numbers: tuple[str, ...]
    categories: tuple[str, ...]
    watched: tuple[str, ...]
    """Numbers that are made beside the model's inputs."""
    steps: tuple[tuple[str, Function, tuple[str, ...]], ...]
    """Name of the column that is made, its function, and the columns it takes; in running order."""
    fields: tuple[str, ...]
    """Request fields that are read."""

    def compute(self, columns: Mapping[str, Array]) -> dict[str, Array]:
        """Make the model inputs, for one row or a million.

        Args:
            columns: each of shape (n,): request fields (numbers and flags float64 with NaN for missing,
                categories str with "" for missing, times ``datetime64[us]``) and looked-up values (float64).

        Returns:
            The inputs in the model's order: numbers float32, categories object arrays of str; then what is watched,
            float32.
        """
        known, _ = self._run(columns)
        categories = {name: known[name].astype(object) for name in self.categories}
        numbers, watched = (
            {name: known[name].astype(np.float32) for name in names} for names in (self.numbers, self.watched)
        )
        return numbers | categories | watched

    def tensors(self, columns: Mapping[str, Array]) -> Tensors:
        """The same values as the compiled model takes them: see ``compute``."""
        known, rows = self._run(columns)
        return Tensors(
            _matrix(known, self.numbers, rows, np.float32),
            _matrix(known, self.categories, rows, object),
            _matrix(known, self.watched, rows, np.float32),
        )

    def _run(self, columns: Mapping[str, Array]) -> tuple[dict[str, Array], int]:
        known = dict(columns)
        rows = len(next(iter(known.values())))
        shape = (rows,)
        for name, function, arguments in self.steps:
            made = function(*(known[argument] for argument in arguments))
            if np.shape(made) != shape:
                raise SpecError(
                    f"Feature function {name} returned shape {np.shape(made)} for {rows} rows.",
                    "Return one value for each row.",
                )
            known[name] = made
        return known, rows


def make_plan(spec: ProblemSpec) -> Plan:
    """Resolve the arguments of every feature function that the model's inputs need.

    Raises:
        SpecError: an input or an argument is neither a request field, a view's column nor a function; or two
            of them share a name; or functions go round in a circle; or a view's key has more than one spelling.
    """
    functions = _functions(spec)
    fields = {name for role in ("feature", "context", "event_time") for name in spec.having(role)}
    looked_up = [column for view in spec.features.views for column in view.columns]
    _refuse_clashes([*functions, *fields, *looked_up])
    resolver = _Resolver(functions, fields, set(looked_up))
    for item in (*spec.inputs, *spec.features.watched):
        resolver.add(item.name, ("inputs",))
    _refuse_times(spec)
    _refuse_keys_of_many_spellings(spec)
    if spec.features.views and spec.event_time is None:
        raise SpecError("Views need a clock, but no column has the role event_time.", "Declare one, or drop the views.")
    keys = {key for view in spec.features.views for key in view.keys}
    if unknown := keys - fields:
        raise SpecError(f"Views look up by {sorted(unknown)}, which no request carries.", "Use request fields as keys.")
    read = tuple(sorted(resolver.fields | keys))
    return Plan(spec.numbers, spec.categories, spec.watched, tuple(resolver.steps), read)


def _matrix(known: Mapping[str, Array], names: tuple[str, ...], rows: int, kind: Any) -> Array | None:
    if not names:
        return None
    matrix = np.empty((rows, len(names)), kind)
    for place, name in enumerate(names):
        matrix[:, place] = known[name]
    return matrix


class _Resolver:
    def __init__(self, functions: Mapping[str, Function], fields: set[str], looked_up: set[str]) -> None:
        self.functions, self.known_fields, self.looked_up = functions, fields, looked_up
        self.steps: list[tuple[str, Function, tuple[str, ...]]] = []
        self.fields: set[str] = set()
        self._done: set[str] = set()

    def add(self, name: str, path: tuple[str, ...]) -> None:
        """Append what is needed to make ``name``, deepest first."""
        if name in path:
            raise SpecError(f"Feature functions go round in a circle: {' -> '.join([*path, name])}.", "Break it.")
        if name in self.functions and name not in self._done:
            arguments = tuple(inspect.signature(self.functions[name]).parameters)
            for argument in arguments:
                self.add(argument, (*path, name))
            self.steps.append((name, self.functions[name], arguments))
        elif name in self.known_fields:
            self.fields.add(name)
        elif name not in self.functions and name not in self.looked_up:
            raise SpecError(
                f"{path[-1]} needs {name}, which is no request field, no view column and no feature function.",
                "Facts known only after prediction time (role leak, target or label_time) reach features "
                "through a view alone.",
            )
        self._done.add(name)


def functions_module(spec: ProblemSpec) -> ModuleType | None:
    """Import the module that holds the problem's feature functions."""
    if spec.features.functions is None:
        return None
    try:
        return import_module(spec.features.functions)
    except ModuleNotFoundError as error:
        raise SpecError(f"features.functions: {error}.", "Name a module that can be imported.") from error


def _functions(spec: ProblemSpec) -> dict[str, Function]:
    module = functions_module(spec)
    return {
        name: value
        for name, value in (vars(module).items() if module else ())
        if inspect.isfunction(value) and value.__module__ == spec.features.functions and not name.startswith("_")
    }


def _refuse_clashes(names: list[str]) -> None:
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise SpecError(f"Two sources make {twice}: a request field, a view or a function.", "Rename one of them.")


def _refuse_times(spec: ProblemSpec) -> None:
    for item in spec.inputs:
        if item.name in spec.columns and spec.columns[item.name].kind == "time":
            raise SpecError(
                f"Model input {item.name} is a time, which no model reads as it stands.",
                "Give the column the role context, or derive a number from it in a feature function.",
            )


def _refuse_keys_of_many_spellings(spec: ProblemSpec) -> None:
    """Views are joined by text, and a 3 is "3" in one place and "3.0" in another; times differ in their fractions."""
    declared = [
        (name, key, column.kind) for name, table in spec.tables.items() for key, column in table.columns.items()
    ]
    for view in spec.features.views:
        for table, key, kind in declared:
            if key in view.keys and kind in ("number", "time"):
                raise SpecError(
                    f"View {view.name} is looked up by {key}, a {kind} of table {table}: as text it has several forms.",
                    f"Declare {key} as {{kind: category, codes: true}}, or look up by another column.",
                )
