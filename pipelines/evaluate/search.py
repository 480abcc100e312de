"""How the winner was found: the leaderboard, the ways of handling imbalance, what feature groups pay, coefficients."""

from typing import Any

import numpy as np
from markupsafe import Markup

from pipelines.evaluate import style
from pipelines.evaluate.page import Figures, Grid, Note, Picture, Section, count, fixed
from pipelines.evaluate.quality import NAMES
from pipelines.job import Job
from understudy.files import read_json

SHOWN_PATHS = 12
SHOWN_GROUPS = 14


def search_figures(job: Job) -> dict[str, Any]:
    """What the search wrote down, as it stands."""
    path = job.input("tune", "coefficient_path.json")
    return {
        "leaderboard": read_json(job.input("tune", "leaderboard.json")),
        "imbalance": read_json(job.input("tune", "imbalance.json")),
        "groups": read_json(job.input("tune", "groups.json")),
        "coefficient_path": [_main_lines(told) for told in read_json(path)] if path.is_file() else [],
    }


def _main_lines(told: Figures) -> dict[str, Any]:
    """The path of one candidate, of its largest coefficients only."""
    grid = np.array(told["coefficients"])
    order = np.argsort(-np.abs(grid).max(axis=0), kind="stable")[:SHOWN_PATHS]
    zeros = (np.abs(grid) < 1e-12).sum(axis=1).tolist()
    return {
        "candidate": told["candidate"],
        "strengths": told["strengths"],
        "features": [told["features"][place] for place in order],
        "coefficients": np.round(grid[:, order], 5).tolist(),
        "zeros": zeros,
        "of": grid.shape[1],
    }


def search_section(figures: Figures) -> Section:
    ranked = [row for row in figures["leaderboard"] if row["mean"] is not None]
    skipped = [row for row in figures["leaderboard"] if row["mean"] is None]
    blocks: list[Picture | Grid | Note] = [_leaderboard(ranked, figures["model"]["candidate"]), _table(ranked)]
    if skipped:
        blocks.append(Note("Not tried: " + "; ".join(f"{row['candidate']} ({row['status']})" for row in skipped) + "."))
    if any(row["status"] == "ok" for row in figures["imbalance"]):
        blocks.append(_imbalance(figures))
    if figures["groups"]:
        blocks.append(_groups(figures["groups"], ranked[0]["metric"]))
    blocks += [_paths(told) for told in figures["coefficient_path"]]
    lead = "Folds of the training rows alone decided; neither validation nor test rows took part."
    return Section("search", "How the winner was found", lead, blocks)


def _leaderboard(rows: list[Figures], winner: str) -> Picture:
    best = next(row for row in rows if row["candidate"] == winner)
    others = [row for row in rows if row["candidate"] != winner and row["family"] != "baseline"]
    says = (
        f"{winner} was chosen with {fixed(best['mean'])}, spread {fixed(best['std'])} over {len(best['folds'])} folds."
    )
    if others:
        lead = best["mean"] - others[0]["mean"]
        says += f" That is {lead:+.3f} against {others[0]['candidate']}."
    return Picture(
        "Leaderboard",
        draw_leaderboard(rows, winner),
        f"Each small dot is a fold, each large one a candidate's mean {NAMES[rows[0]['metric']]}. Candidates "
        "whose dots "
        "overlap are hard to tell apart.",
        says,
        wide=True,
    )


@style.themed
def draw_leaderboard(rows: list[Figures], winner: str) -> Markup:
    figure, axes = style.new_figure((9.6, 0.9 + 0.3 * max(len(rows), 2)))
    for place, row in enumerate(rows):
        colour = style.MODEL if row["candidate"] == winner else style.MUTED
        axes.plot([min(row["folds"]), max(row["folds"])], [place, place], color=colour, linewidth=4, alpha=0.22)
        axes.plot(
            row["folds"], [place] * len(row["folds"]), "o", color=colour, markersize=4, alpha=0.65, markeredgewidth=0
        )
        axes.plot(row["mean"], place, "o", color=colour, markersize=8)
    axes.set(ylim=(len(rows) - 0.4, -0.6), xlabel=f"{NAMES[rows[0]['metric']]} on held-out folds")
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    style.name_rows(axes, [row["candidate"] for row in rows])
    return style.to_svg(figure, "leaderboard", "Fold scores of each candidate")


def _table(rows: list[Figures]) -> Grid:
    cells = [
        [
            row["candidate"],
            row["family"],
            ", ".join(f"{name} {_setting(value)}" for name, value in sorted(row["params"].items())) or style.DASH,
            f"{row['mean']:.4f} ± {row['std']:.4f}",
            f"{row['gap']:+.4f}",
            str(row["trials"]),
        ]
        for row in rows
    ]
    read = "Gap is the metric on training rows less that on the held-out fold: how much is learned by heart."
    header = ["Candidate", "Family", "Best parameters", NAMES[rows[0]["metric"]], "Gap", "Trials"]
    return Grid("Candidates", header, cells, read, texts=3)


def _setting(value: Any) -> str:
    return style.plain(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)


def _imbalance(figures: Figures) -> Grid:
    rows = [row for row in figures["imbalance"] if row["status"] == "ok"]
    names = [name for name in rows[0] if isinstance(rows[0][name], dict)]
    cells = [
        [row["imbalance"], *(f"{fixed(row[name]['mean'])} ± {fixed(row[name]['std'])}" for name in names)]
        for row in rows
    ]
    chosen = figures["model"]["imbalance"]
    says = "No way saved enough to be worth it." if chosen == "none" else f"{chosen.capitalize()} was chosen."
    read = "Each way of handling the rare class, calibrated afterwards, over the same folds; the spread is over folds."
    return Grid("Handling imbalance", ["Way", *(NAMES[name] for name in names)], cells, read, says)


def _groups(rows: list[Figures], metric: str) -> Picture:
    paying = sum(row["mean"] > row["std"] for row in rows)
    return Picture(
        "What each group of inputs pays",
        draw_groups(rows[:SHOWN_GROUPS], metric),
        f"The winner refitted without the group; how much {NAMES[metric]} the folds lose. Left of zero it does better "
        "without.",
        f"Leaving out {rows[0]['group']} costs most: {rows[0]['mean']:.4f}. {paying} of {count(len(rows), 'group')} "
        "pay more than the spread of folds.",
    )


@style.themed
def draw_groups(rows: list[Figures], metric: str) -> Markup:
    figure, axes = style.new_figure((5.6, 1.0 + 0.28 * max(len(rows), 3)))
    for place, row in enumerate(rows):
        axes.barh(place, row["mean"], color=style.MODEL if row["mean"] > 0 else style.BAD, alpha=0.35, height=0.6)
        axes.plot(
            row["folds"],
            [place] * len(row["folds"]),
            "o",
            color=style.INK,
            markersize=3.5,
            alpha=0.6,
            markeredgewidth=0,
        )
    axes.axvline(0, color=style.MUTED, linewidth=1)
    axes.set(ylim=(len(rows) - 0.4, -0.6), xlabel=f"loss of {NAMES[metric]} without it")
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    style.name_rows(axes, [row["group"] for row in rows])
    return style.to_svg(figure, "groups", "Loss of each fold without each group of inputs")


def _paths(told: Figures) -> Picture:
    first, last = told["zeros"][0], told["zeros"][-1]
    return Picture(
        f"Coefficients of {told['candidate']}",
        draw_paths(told),
        f"Left is strong regularisation, right is weak. The {len(told['features'])} largest coefficients are drawn, "
        "the first few are named.",
        f"Of {told['of']} coefficients {first} are exactly zero at the left end and {last} at the right.",
    )


@style.themed
def draw_paths(told: Figures) -> Markup:
    figure, axes = style.new_figure()
    grid = np.array(told["coefficients"])
    for place in reversed(range(grid.shape[1])):
        named = place < len(style.SERIES) - 1
        axes.plot(
            told["strengths"],
            grid[:, place],
            color=style.SERIES[place] if named else style.MUTED,
            linewidth=1.9 if named else 1.0,
            alpha=1.0 if named else 0.5,
            label=told["features"][place] if named else None,
        )
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], [label[:26] for label in labels[::-1]], loc="best", fontsize=8)
    axes.axhline(0, color=style.MUTED, linewidth=1)
    axes.set_xscale("log")
    axes.set(xlabel="C, the inverse of the regularisation", ylabel="coefficient")
    return style.to_svg(figure, f"path-{told['candidate']}", f"Coefficient paths of {told['candidate']}")
