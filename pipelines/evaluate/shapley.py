"""Each row's score as a sum of what its inputs add (Lundberg & Lee 2017; for trees Lundberg et al. 2020)."""

from typing import Any

import numpy as np
from markupsafe import Markup

from pipelines.evaluate import style
from pipelines.evaluate.evidence import Evidence, evenly
from pipelines.evaluate.page import Figures, Picture, Section, count
from pipelines.models.frame import Floats

TREES = ("tree", "bagging", "boosting")
ROWS = 300
SAMPLED_ROWS = 60
FEWEST_ROWS = 10
BACKGROUND = 25
SCORINGS = 150_000
"""Rows that the sampling explainer may score."""
WALKS = 2_000_000_000
"""Leaves times depth squared that the tree explainer may walk."""
SHOWN = 12


def shap_values(evidence: Evidence) -> dict[str, Any] | str:
    """What each input adds to each row's score before calibration, or why that cannot be said.

    Values are of the columns that the estimator sees, summed over those made from the same input.
    """
    pipeline = getattr(evidence.model, "estimator", evidence.model)
    if "prepare" not in getattr(pipeline, "named_steps", {}):
        return "the model reads its inputs without a preparing step, so there are no columns to credit"
    steps, family = pipeline[1:], evidence.candidate.family
    rows = evidence.test.spread(min(affordable_rows(steps, family), evidence.spec.evaluation.explain_rows)).rows.frame
    prepared = np.asarray(pipeline[:1].transform(rows), dtype=np.float64)
    values, scale = _explain(steps, prepared, family)
    credited = np.zeros((len(values), rows.shape[1]))
    np.add.at(credited.T, column_sources(pipeline["prepare"], list(rows.columns)), values.T)
    return _summary(credited, rows, scale)


def affordable_rows(steps: Any, family: str) -> int:
    """Rows that take seconds: each walks all trees of a forest, in time that grows with leaves times depth squared."""
    if family not in (*TREES, "linear") or len(steps) > 1:
        scorings = (2 * int(steps.n_features_in_) + 1) * BACKGROUND
        return min(SAMPLED_ROWS, max(SCORINGS // scorings, FEWEST_ROWS))
    trees = [tree.tree_ for tree in getattr(steps[-1], "estimators_", []) if hasattr(tree, "tree_")]
    walk = sum(tree.n_leaves * tree.max_depth**2 for tree in trees)
    return int(min(ROWS, max(WALKS // max(walk, 1), FEWEST_ROWS)))


def column_sources(prepare: Any, inputs: list[str]) -> list[int]:
    """Position of the input that each prepared column is made from."""
    sources: list[int] = []
    for name, transformer, positions in prepare.transformers_:
        made = prepare.output_indices_[name]
        if transformer == "drop" or made.stop == made.start:
            continue
        if transformer == "passthrough" or made.stop - made.start == len(positions):
            sources += list(positions)
            continue
        outputs = transformer.get_feature_names_out([inputs[place] for place in positions])
        sources += [
            max((p for p in positions if str(out).startswith(inputs[p])), key=lambda p: len(inputs[p]))
            for out in outputs
        ]
    return sources


def _explain(steps: Any, prepared: Floats, family: str) -> tuple[Floats, str]:
    """SHAP values [rows, prepared columns], and the scale they are on."""
    import shap  # slow to import, and only the full profile needs it

    estimator = steps[-1]
    if family in TREES and len(steps) == 1:
        values = np.asarray(shap.TreeExplainer(estimator).shap_values(prepared, check_additivity=False))
        scale = "log-odds" if family == "boosting" else "probability"
        return (values[:, :, 1] if values.ndim == 3 else values), scale
    if family == "linear" and len(steps) == 1:
        return (prepared - prepared.mean(axis=0)) * estimator.coef_[0], "log-odds"
    background = prepared[evenly(len(prepared), BACKGROUND)]
    explainer = shap.PermutationExplainer(lambda rows: steps.predict_proba(rows)[:, 1], background, seed=0)
    return explainer(prepared, max_evals=2 * prepared.shape[1] + 1, silent=True).values, "probability"


def _summary(credited: Floats, rows: Any, scale: str) -> dict[str, Any]:
    strength = np.abs(credited).mean(axis=0)
    order = sorted(range(len(strength)), key=lambda place: (-strength[place], place))
    names = list(rows.columns)
    return {
        "scale": scale,
        "rows": len(credited),
        "features": [{"feature": names[place], "mean": float(strength[place])} for place in order],
        "points": {names[place]: _points(credited[:, place], rows.iloc[:, place]) for place in order[:SHOWN]},
    }


def _points(values: Floats, column: Any) -> dict[str, list[float | None]]:
    """What the input adds in each row, and where its value ranks from 0 to 1 (None for categories and missing)."""
    ranks = column.rank(pct=True) if column.dtype != object else [np.nan] * len(column)
    return {
        "adds": np.round(values, 4).tolist(),
        "rank": [None if np.isnan(rank) else round(float(rank), 3) for rank in ranks],
    }


def shap_section(figures: Figures) -> Section:
    found = figures["shap"]
    first = found["features"][0]
    picture = Picture(
        "SHAP values",
        draw_shap(found),
        f"One dot for each of {count(found['rows'], 'test row')}: how far an input moved that row's score, in "
        f"{found['scale']} before calibration. Red is a high value of the input, blue a low one, grey a category or a "
        "missing value.",
        f"{first['feature']} moves scores most, by {style.plain(first['mean'])} {found['scale']} on average.",
        wide=True,
    )
    return Section("shap", "What moved single rows", "The same question as above, asked row by row.", [picture])


@style.themed
def draw_shap(found: Figures) -> Markup:
    names = [row["feature"] for row in found["features"][:SHOWN]]
    figure, axes = style.new_figure((9.6, 0.9 + 0.36 * len(names)))
    for place, name in enumerate(names):
        points = found["points"][name]
        adds, ranks = np.array(points["adds"]), points["rank"]
        colours = [style.PIXEL_MIDDLE if rank is None else style.blend(rank) for rank in ranks]
        axes.scatter(adds, place + swarm(adds), c=colours, s=11, linewidths=0, alpha=0.85, rasterized=True)
    axes.axvline(0, color=style.MUTED, linewidth=1)
    axes.set(ylim=(len(names) - 0.4, -0.6), xlabel=f"moves the score by ({found['scale']})")
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    style.name_rows(axes, names)
    return style.to_svg(figure, "shap", "SHAP values of the most important inputs")


def swarm(values: Floats, width: float = 0.36, bins: int = 60) -> Floats:
    """Offsets [values] that spread points which share a place, the middle of the heap at 0."""
    span = float(np.ptp(values)) or 1.0
    bucket = ((values - values.min()) / span * bins).astype(np.intp)
    sizes = np.bincount(bucket)
    offsets = np.zeros(len(values))
    for number in np.flatnonzero(sizes):
        inside = np.flatnonzero(bucket == number)
        offsets[inside] = ((np.arange(len(inside)) + 1) // 2) * np.where(np.arange(len(inside)) % 2, 1, -1)
    spread: Floats = offsets / max(sizes.max() / 2, 1) * width
    return spread
