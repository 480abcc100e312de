"""The typed, frozen form of a problem's YAML."""

from typing import Literal

from pydantic import Field, model_validator

from understudy.problem.columns import Column, Role, Table
from understudy.problem.decision import Costs, Evaluation, Gates, Probes
from understudy.problem.features import Features, Input
from understudy.problem.learning import Candidate, Fast, Training, Tuning
from understudy.problem.monitoring import Monitoring
from understudy.problem.part import Part
from understudy.problem.source import Source
from understudy.problem.split import Split


class ProblemSpec(Part):
    """Everything the three applications know about a problem, and nothing about any one of them.

    Every section is written out, if only as ``{}``: the pipeline reruns a stage when a section it reads changes.
    """

    name: str = Field(pattern="^[a-z][a-z0-9_]{0,62}$")
    title: str
    task: Literal["binary"]
    seed: int
    source: Source
    positive: str | None
    """Value of the target that counts as positive; none when the target is a flag."""
    main: str
    """Table with one row for each prediction."""
    tables: dict[str, Table]
    features: Features
    split: Split
    probes: Probes
    candidates: tuple[Candidate, ...] = Field(min_length=1)
    tuning: Tuning
    training: Training
    costs: Costs
    evaluation: Evaluation
    gates: Gates
    fast: Fast = Fast()
    monitoring: Monitoring = Monitoring()

    @model_validator(mode="after")
    def _roles_are_filled(self) -> "ProblemSpec":
        if self.main not in self.tables:
            raise ValueError(f"main names the table {self.main!r}, which tables does not declare")
        for role, needed in (("target", True), ("id", True), ("event_time", False), ("label_time", False)):
            count = len(self.having(role))
            if count > 1 or (needed and not count):
                wanted = "one" if needed else "at most one"
                raise ValueError(f"the main table needs {wanted} {role} column, has {count}")
        if self.split.method in ("time", "ordered") and self.event_time is None:
            raise ValueError(f"a {self.split.method} split needs a column with the role event_time")
        return self

    @model_validator(mode="after")
    def _candidates_are_told_apart(self) -> "ProblemSpec":
        names = [candidate.name for candidate in self.candidates]
        if len(set(names)) < len(names):
            raise ValueError("two candidates share a name")
        if all(candidate.family == "baseline" for candidate in self.candidates):
            raise ValueError("every candidate is a baseline; add one that learns")
        if unknown := set(self.fast.candidates) - set(names):
            raise ValueError(f"fast names candidates that are not declared: {sorted(unknown)}")
        return self

    @model_validator(mode="after")
    def _columns_are_declared_and_in_time(self) -> "ProblemSpec":
        inputs = {item.name for item in self.inputs}
        if unknown := set(self.evaluation.segments) - {*self.columns, *inputs}:
            raise ValueError(f"evaluation.segments names columns that are not declared: {sorted(unknown)}")
        if self.split.group and self.split.group not in self.columns:
            raise ValueError(f"split.group names {self.split.group!r}, which the main table does not declare")
        later = {name for role in ("leak", "target", "label_time") for name in self.having(role)}
        if late := later & {*inputs, *self.watched}:
            raise ValueError(f"model inputs {sorted(late)} are known only after prediction time")
        return self

    @property
    def columns(self) -> dict[str, Column]:
        """Columns of the main table."""
        return self.tables[self.main].columns

    def having(self, role: Role | str) -> tuple[str, ...]:
        """Names of the main table's columns with this role."""
        return tuple(name for name, column in self.columns.items() if column.role == role)

    @property
    def target(self) -> str:
        return self.having("target")[0]

    @property
    def id(self) -> str:
        return self.having("id")[0]

    @property
    def event_time(self) -> str | None:
        return next(iter(self.having("event_time")), None)

    @property
    def label_time(self) -> str | None:
        return next(iter(self.having("label_time")), None)

    @property
    def protected(self) -> tuple[str, ...]:
        """Columns by which fairness is judged."""
        return tuple(name for name, column in self.columns.items() if column.protected)

    @property
    def inputs(self) -> tuple[Input, ...]:
        """What the model reads: the declared inputs, or each feature column as it stands.

        Numbers come before categories, the order of the compiled model's two input tensors.
        """
        declared = self.features.inputs or tuple(
            Input(
                name=name,
                kind="category" if column.kind == "category" else "number",
                unit=column.unit,
                about=column.about,
            )
            for name, column in self.columns.items()
            if column.role == "feature"
        )
        return tuple(sorted(declared, key=lambda item: item.kind == "category"))

    @property
    def numbers(self) -> tuple[str, ...]:
        return tuple(item.name for item in self.inputs if item.kind == "number")

    @property
    def categories(self) -> tuple[str, ...]:
        return tuple(item.name for item in self.inputs if item.kind == "category")

    @property
    def watched(self) -> tuple[str, ...]:
        """Numbers that are logged beside the model's inputs."""
        return tuple(item.name for item in self.features.watched)

    def fastened(self) -> "ProblemSpec":
        """The same problem with the smaller search of ``fast``."""
        kept = [
            c
            for c in self.candidates
            if not self.fast.candidates or c.name in self.fast.candidates or c.family == "baseline"
        ]
        smaller = [c.model_copy(update={"trials": min(c.trials, self.fast.trials)}) for c in kept]
        tuning = self.tuning.model_copy(
            update={
                "rows": min(self.tuning.rows or self.fast.rows, self.fast.rows),
                "folds": 2,
                "imbalance": ("none",),
                "drop_one": False,
            }
        )
        return self.model_copy(update={"candidates": tuple(smaller), "tuning": tuning})
