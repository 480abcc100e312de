"""A window of predictions against the reference: every column, on limits that hold for all of them together."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitoring.drift.columns import Counter, Seen, floats, see_numbers, see_texts
from monitoring.drift.found import ColumnDrift, Drift, Role
from monitoring.drift.limits import family_limits
from monitoring.drift.windows import CalmWindows, calm_windows
from understudy.problem import ProblemSpec

LEAST_SCALE = 0.001
"""Smallest scale of a measure's limit."""
LEAST_NEW = 0.01
"""Smallest scale of the limit for new values: a new schedule or a colder night is no fault."""
MOSTLY = 0.5
"""Share of the calm windows in which a column must have had values to be given a limit."""
OUTCOMES: dict[str, Role] = {"score": "score", "decision": "decision"}


def drift_of(
    current: pa.Table, reference: pa.Table, spec: ProblemSpec, span: timedelta, threshold: float | None = None
) -> Drift:
    """Compare a window of predictions with the champion's reference rows.

    Missing values are left out of the measures, as Evidently does, and told beside them: in weather and live state they
    come and go for reasons of their own, so that their share is a reading of its own (``data.null``).

    Args:
        current: model inputs, watched numbers and ``score``; what is absent is not compared.
        reference: the bundle's ``reference.parquet``: the same, and the event time of dated problems.
        span: length of the window.
        threshold: score from which a row is flagged; with it decisions are compared as well, on both sides by it.

    Returns:
        Figures without limits, and none where ``why`` says so, for a window below ``monitoring.smallest``.

    Raises:
        SpecError: ``monitoring.drift`` names an unknown measure.
    """
    current, reference = (with_decision(table, threshold) for table in (current, reference))
    names = [name for name in _names(spec) if name in current.column_names and name in reference.column_names]
    if current.num_rows < spec.monitoring.smallest:
        return _too_few(current, reference, spec, span, names)
    calm = calm_windows(_times(reference, spec), reference.num_rows, span, current.num_rows, spec.seed)
    counter = Counter(calm)
    seen = [_see(name, current, reference, spec, counter) for name in names]
    columns, factor = _limited(seen, calm, spec.monitoring.drift.alpha)
    return Drift(
        columns=columns,
        rows=current.num_rows,
        reference_rows=reference.num_rows,
        alpha=spec.monitoring.drift.alpha,
        windows=len(calm),
        independent=calm.independent,
        how=calm.how,
        factor=factor,
        span=span,
        threshold=threshold,
        note=calm.note,
    )


def _see(name: str, current: pa.Table, reference: pa.Table, spec: ProblemSpec, counter: Counter) -> Seen:
    measures, role = spec.monitoring.drift, _role(name, spec)
    if name in spec.categories or role == "decision":
        return see_texts(name, role, current[name], reference[name], measures.categories, counter)
    return see_numbers(name, role, floats(current[name]), floats(reference[name]), measures.numbers, counter)


def _limited(seen: list[Seen], calm: CalmWindows, alpha: float) -> tuple[tuple[ColumnDrift, ...], float]:
    if not seen:
        return (), 1.0
    values = family_limits(np.column_stack([one.calm for one in seen]), calm.apart, alpha, LEAST_SCALE)
    news = family_limits(np.column_stack([one.calm_new for one in seen]), calm.apart, alpha, LEAST_NEW)
    limits = zip(seen, values.each, news.each, strict=True)
    return tuple(_with_limits(one, float(limit), float(new)) for one, limit, new in limits), values.factor


def _with_limits(seen: Seen, limit: float, new_limit: float) -> ColumnDrift:
    column, measured = seen.column, np.isfinite(seen.calm)
    if measured.mean() < MOSTLY:
        why = column.why or "no limit: in most windows of training too few rows have a value"
        return replace(column, new=None, why=why)
    new_limit = new_limit if column.new is not None else 1.0
    return replace(column, limit=limit, new_limit=new_limit, gone=column.value is None and bool(measured.all()))


def _names(spec: ProblemSpec) -> tuple[str, ...]:
    skipped = set(spec.monitoring.drift.skip)
    return tuple(name for name in (*spec.numbers, *spec.categories, *spec.watched, *OUTCOMES) if name not in skipped)


def _role(name: str, spec: ProblemSpec) -> Role:
    return OUTCOMES.get(name, "watched" if name in spec.watched else "input")


def with_decision(table: pa.Table, threshold: float | None) -> pa.Table:
    """Both sides are decided by one threshold, so that a change of it does not look like drift."""
    table = table.drop_columns("decision") if "decision" in table.column_names else table
    if threshold is None or "score" not in table.column_names:
        return table
    flagged = np.where(table["score"].to_numpy() >= threshold, "flagged", "passed")
    return table.append_column("decision", pa.array(flagged))


def _times(reference: pa.Table, spec: ProblemSpec) -> NDArray[np.datetime64] | None:
    if spec.event_time is None or spec.event_time not in reference.column_names:
        return None
    return np.asarray(reference[spec.event_time].cast(pa.timestamp("us")).to_numpy())


def _too_few(current: pa.Table, reference: pa.Table, spec: ProblemSpec, span: timedelta, names: list[str]) -> Drift:
    rows = current.num_rows
    why = f"{rows} rows, and {spec.monitoring.smallest} are the least"
    columns = tuple(
        ColumnDrift(name=name, role=_role(name, spec), measure="", value=None, rows=rows, why=why) for name in names
    )
    alpha = spec.monitoring.drift.alpha
    return Drift(columns, rows, reference.num_rows, alpha, 0, 0, "none", 1.0, span, note=why)
