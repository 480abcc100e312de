"""What a decision costs, who must not be harmed, and what a version must reach to be accepted."""

from pydantic import Field

from understudy.problem.part import Part


class Costs(Part):
    """Cost of each outcome in the same unit; the threshold follows from them on validation."""

    false_positive: float = 1.0
    false_negative: float = 5.0
    true_positive: float = 0.0
    true_negative: float = 0.0


class Evaluation(Part):
    """How figures on the test set are made."""

    block: str = "1d"
    """Span that is resampled as a whole by the bootstrap; rows cluster in time."""
    bootstrap: int = Field(default=400, ge=50)
    segments: tuple[str, ...] = ()
    """Columns by which figures are broken down."""
    smallest_segment: int = 200
    explain_rows: int = 1000
    """Rows of the test set that explanations are computed on."""


class Probes(Part):
    """Limits of the leak probes."""

    single_feature_auc: float = Field(default=0.80, gt=0.5, le=1.0)
    """A feature that alone separates the classes better than this is suspect."""
    duplicate_share: float = 0.001
    """Largest share of rows that may stand in two parts of the split."""
    allow: tuple[str, ...] = ()
    """Features that were looked into and may exceed the limit."""


class Gates(Part):
    """Limits that a version must keep; what is left out is not checked."""

    roc_auc: float | None = None
    pr_auc: float | None = None
    brier: float | None = None
    cost_per_1000: float | None = None
    calibration_error: float | None = 0.05
    train_validation_gap: float | None = 0.10
    """Largest ROC AUC on training rows above validation."""
    beats_baselines: bool = True
    worse_than_champion: float = 0.01
    """Cost per decision by which the lower end of the paired interval may exceed the champion."""
    better_than_champion: bool = False
    """Whether the Brier score or the cost must be lower than the champion's on the same rows, beyond chance."""
    segment_roc_auc: float | None = None
    """Smallest upper end of ROC AUC in any large enough segment."""
    fairness_gap: float | None = None
    """Largest lower end of the difference in true-positive rates between protected groups."""
    bundle_megabytes: float | None = 50.0
    row_milliseconds: float | None = 5.0
    """Largest median latency of one row through the compiled model."""
