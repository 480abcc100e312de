"""What a bundle says about itself: enough to serve it, to trace it and to detect any change to it."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from understudy.files import sha256_json
from understudy.problem.columns import Kind, Role
from understudy.problem.decision import Costs
from understudy.records import Lineage

FORMAT = 1
"""Layout of the bundle; a reader refuses the layouts that it does not know."""
MANIFEST = "manifest.json"
MODEL = "model.onnx"
FILES = frozenset({MODEL, "reference.parquet", "report.html", "metrics.json", "card.md", "model.skops"})
"""Every file of a bundle apart from the manifest."""

Scalar = bool | float | str | None


class Entry(BaseModel):
    """Base of all that a manifest holds: frozen, without unknown keys, NaN or infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class RequestField(Entry):
    """One field that a client sends; its role says whether it feeds the model, a view, or only the record."""

    name: str
    role: Role
    kind: Kind
    unit: str = ""
    low: float | None = None
    high: float | None = None
    categories: tuple[str, ...] = ()
    protected: bool = False
    about: str = ""


class Example(Entry):
    """A real row: what was asked, what the model read, what it answered."""

    request: dict[str, Scalar]
    numbers: tuple[float | None, ...]
    categories: tuple[str, ...]
    score: float


class ViewEntry(Entry):
    """An as-of view that the model's inputs depend on."""

    name: str
    sql: str
    """Path of the query, from the project's root."""
    prefix: str = ""
    sha256: str
    keys: tuple[str, ...]
    every: str
    max_age: str
    columns: tuple[str, ...]


class FeatureCode(Entry):
    """How inputs are made from a request; empty for a flat table."""

    functions: str | None
    """Dotted module of the on-demand functions."""
    views: tuple[ViewEntry, ...]
    code_hash: str


class ModelInput(Entry):
    """One column of the tensor ``numbers`` (float32, NaN for missing) or ``categories`` (text, "" for missing)."""

    name: str
    unit: str = ""
    about: str = ""


class Inputs(Entry):
    """The model's columns in the order of its two tensors; a tensor without columns is absent."""

    numbers: tuple[ModelInput, ...]
    categories: tuple[ModelInput, ...]

    @property
    def number_names(self) -> tuple[str, ...]:
        return tuple(item.name for item in self.numbers)

    @property
    def category_names(self) -> tuple[str, ...]:
        return tuple(item.name for item in self.categories)


class Reference(Entry):
    """The training rows in brief, for servers, which read no Parquet."""

    known: dict[str, tuple[str, ...]]
    """Values of the category inputs in training, sorted; an input of very many values is left out."""
    numbers: tuple[tuple[float | None, ...], ...]
    """Rows of the tensor ``numbers`` that the reasons of a score are measured against."""
    categories: tuple[tuple[str, ...], ...]
    """The same rows of the tensor ``categories``."""


class Figure(Entry):
    """A measured figure with its 95 % interval; none where it is undefined."""

    value: float | None
    low: float | None = None
    high: float | None = None


class Metrics(Entry):
    """Figures on each part; only those on the test rows come with intervals."""

    rows: int
    test: dict[str, Figure]
    validation: dict[str, float | None]
    train: dict[str, float | None]


class Parity(Entry):
    """How closely the compiled model follows the one that was trained, on rows that neither learned from."""

    rows: int
    """Held-out rows, including copies with missing numbers and unseen categories."""
    max_difference: float
    """Largest absolute difference of scores."""
    tolerance: float
    decisions_changed: int
    """Rows within the tolerance of the threshold that fall on the other side of it."""


class FileEntry(Entry):
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    size: int = Field(ge=0)


class Manifest(Entry):
    """The contents of ``manifest.json``."""

    format: Literal[1] = 1
    problem: str
    title: str
    task: Literal["binary"]
    profile: Literal["full", "fast"]
    request: tuple[RequestField, ...]
    example: Example
    features: FeatureCode
    inputs: Inputs
    reference: Reference | None = None
    """None in bundles that were built without it."""
    output: str
    """What the score means."""
    threshold: float
    """A row is flagged where its score is at least this."""
    costs: Costs
    block: str
    """Span that is resampled as a whole when figures are compared."""
    segments: tuple[str, ...]
    unit: str | None
    """Column whose values are assigned to an arm of an experiment as a whole."""
    candidate: str
    family: str
    imbalance: str
    calibration: str
    parameters: dict[str, Any]
    metrics: Metrics
    parity: Parity
    lineage: Lineage
    files: dict[str, FileEntry]

    @property
    def digest(self) -> str:
        """SHA-256 of everything here but the git commit: the same content from two commits is one bundle."""
        left_out: dict[str, Any] = {"lineage": {"git_commit", "git_dirty"}}
        if self.reference is None:
            left_out["reference"] = True
        if self.lineage.as_of is None:
            left_out["lineage"].add("as_of")
        return sha256_json(self.model_dump(mode="json", exclude=left_out))
