"""What is not wrong but worth knowing before anyone builds on the data."""

from collections.abc import Iterator

import pandas as pd

from understudy.problem import Column, ProblemSpec, Table

NEARLY = 0.005
CHANCE = 1e-6
"""A rate of nearly 0 or 1 is told only where chance would give it less often than this."""


def open_categories(frame: pd.DataFrame, name: str, declared: Table) -> Iterator[str]:
    """Values beyond the known ones of open lists."""
    for column, about in declared.columns.items():
        if about.is_open and (new := sorted(set(frame[column].dropna()) - set(about.categories))):
            yield f"{name}.{column} has {len(new)} values beyond the known ones: {', '.join(new[:5])}."


def telling_gaps(frame: pd.DataFrame, positive: "pd.Series[bool]", spec: ProblemSpec) -> Iterator[str]:
    """Columns of which being there, or not, alone tells the outcome: a leak for whoever joins through them."""
    base = float(positive.mean())
    for name, column in spec.columns.items():
        gone = frame[name].isna().to_numpy()
        if name == spec.target or gone.all() or not gone.any():
            continue
        for rows, state in ((gone, "missing"), (~gone, "present")):
            rate = float(positive[rows].mean())
            if _tells(rate, base, int(rows.sum())):
                yield (
                    f"{spec.main}.{name} is {state} in {rows.sum()} rows, and {100 * rate:.1f} % of them are positive "
                    f"(of all rows {100 * base:.1f} %): {_advice(column)}."
                )
                break


def _tells(rate: float, base: float, rows: int) -> bool:
    """Whether ``rows`` of one class are more than a rate of ``base`` would give by chance."""
    if NEARLY < rate < 1 - NEARLY:
        return False
    usual = base if rate > 0.5 else 1 - base
    return bool(usual**rows < CHANCE)


def _advice(column: Column) -> str:
    if column.role == "feature":
        return "it is a model input and a suspected leak"
    return "keep it, and whatever is joined through it, away from the model"
