"""What is tried, how it is searched, and how the winner is trained."""

from typing import Any, Literal

from pydantic import Field, model_validator

from understudy.problem.part import Part

Imbalance = Literal["none", "weights", "oversample", "undersample", "smote"]
Scalar = bool | int | float | str | None


class Range(Part):
    """One dimension of a search space: a numeric range or a list of choices."""

    low: float | None = None
    high: float | None = None
    log: bool = False
    integer: bool = False
    choices: tuple[Scalar, ...] = ()

    @model_validator(mode="after")
    def _one_form(self) -> "Range":
        if bool(self.choices) == (self.low is not None and self.high is not None):
            raise ValueError("give either choices, or low and high")
        return self


class Encoding(Part):
    """Encoding of categories by how many there are; unseen values map to a safe default."""

    one_hot_up_to: int = 12
    """Columns with at most this many categories in training are one-hot encoded."""
    many: Literal["target", "ordinal", "hashing", "one_hot"] = "target"
    """Encoding of the columns above that; ``one_hot`` groups rare categories first."""
    rare: int = 50
    """Categories seen fewer times than this in training are grouped."""


class Candidate(Part):
    """One model family, by dotted name, with its search space."""

    name: str
    estimator: str
    family: Literal["baseline", "linear", "tree", "bagging", "boosting", "neighbours", "kernel"]
    fixed: dict[str, Any] = {}
    space: dict[str, Range] = {}
    trials: int = Field(default=1, ge=1)
    rows: int | None = None
    """Largest number of training rows while tuning and, for ``always_sample``, while training."""
    always_sample: bool = False
    scale: bool = False
    impute: bool = False
    """Whether missing numbers are filled by the median with an indicator (else left to the model)."""
    pca: int | None = None
    encoding: Encoding = Encoding()
    needs: str | None = None
    """Package that must be installed; without it the candidate is skipped and reported so."""


class Tuning(Part):
    """The search: bounded by trials, with time only as a safety."""

    metric: Literal["pr_auc", "roc_auc", "log_loss", "brier"] = "pr_auc"
    sampler: Literal["tpe", "random", "grid"] = "tpe"
    pruner: Literal["median", "halving", "none"] = "median"
    choose: Literal["best", "one_standard_error"] = "best"
    """Take the best mean, or the simplest family that is as good within one standard error of the paired difference."""
    folds: int = Field(default=3, ge=2)
    fold_span: str | None = None
    """Length of each validation fold of a dated problem, such as ``4w``; default: equal shares."""
    rows: int | None = None
    timeout: float = 600.0
    """Seconds after which the search stops with an error rather than a different answer."""
    imbalance: tuple[Imbalance, ...] = ("none", "weights", "undersample")
    """Ways of handling imbalance that are compared for the winner."""
    drop_one: bool = True
    """Whether each feature group is left out in turn to show what it pays."""


class Training(Part):
    """How the chosen candidate becomes the model."""

    calibration: Literal["sigmoid", "isotonic", "none"] = "sigmoid"


class Fast(Part):
    """What ``--fast`` changes: fewer candidates, rows and trials, no costly pictures."""

    candidates: tuple[str, ...] = ()
    rows: int = 40_000
    trials: int = 2
