"""Questions about predictions and what came of them."""

import heapq
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from typing import Any, Protocol

from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    FromClause,
    Select,
    Text,
    and_,
    case,
    cast,
    exists,
    func,
    or_,
    select,
    tuple_,
)

from understudy.adapters.database.schema import Moment, labels, predictions

p = predictions.c
SUBJECT = case((p.live != "", p.live), else_=p.id)
"""What a label by prediction id names: for a shadow, the prediction that was answered."""
by_id = labels.alias("by_id")
by_key = labels.alias("by_key")
wrong_id = labels.alias("wrong_id")
wrong_key = labels.alias("wrong_key")


def names_it(label: Any, subject: ColumnElement[str] = SUBJECT) -> ColumnElement[bool]:
    """Whether a label names the prediction by its id."""
    return and_(label.c.problem == p.problem, label.c.prediction == subject, label.c.key == "")


def names_its_key(label: Any) -> ColumnElement[bool]:
    """Whether a label names the prediction by its business key."""
    return and_(label.c.problem == p.problem, label.c.prediction == "", label.c.key == p.key, p.key != "")


def labelled(subject: ColumnElement[str] = SUBJECT) -> FromClause:
    """Each prediction once, beside the label that stands, by id or by key."""
    return predictions.outerjoin(by_id, and_(names_it(by_id, subject), ~by_id.c.contradicts)).outerjoin(
        by_key, and_(names_its_key(by_key), ~by_key.c.contradicts)
    )


def join_by_hash(connection: Connection) -> None:
    """Keep PostgreSQL from searching all labels for each prediction, as it does where it has no statistics yet."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL enable_nestloop = off")


VALUE = func.coalesce(by_id.c.value, by_key.c.value, type_=Float)
CONTRADICTED = or_(
    exists().where(names_it(wrong_id), wrong_id.c.contradicts),
    exists().where(names_its_key(wrong_key), wrong_key.c.contradicts),
)
ROWS = select(
    predictions,
    VALUE.label("label"),
    func.coalesce(by_id.c.landed_at, by_key.c.landed_at, type_=Moment).label("labelled_at"),
    CONTRADICTED.label("contradicted"),
).select_from(labelled())


WIDE = ("request", "inputs")
"""Columns that hold most of a row's bytes."""
FIELD = "field {} {}"


def slim(request: Sequence[str], inputs: Sequence[str]) -> Select[Any]:
    """``ROWS`` with some fields of the wide columns only, and without whether a label was contradicted."""
    fields = [
        column[name].label(FIELD.format(column.key, name))
        for column, names in ((p.request, request), (p.inputs, inputs))
        for name in names
    ]
    plain = [column for column in predictions.c if column.key not in WIDE]
    landed = func.coalesce(by_id.c.landed_at, by_key.c.landed_at, type_=Moment).label("labelled_at")
    return select(*plain, *fields, VALUE.label("label"), landed).select_from(labelled(p.id))


def folded(row: dict[str, Any], request: Sequence[str], inputs: Sequence[str]) -> dict[str, Any]:
    """A slim row whose fields are where a whole row has them."""
    for column, names in (("request", request), ("inputs", inputs)):
        row[column] = {name: row.pop(FIELD.format(column, name)) for name in names}
    return row


@dataclass(frozen=True)
class Span:
    """Predictions of a problem from one moment to another, in the order of that moment and their id."""

    problem: str
    since: datetime | None = None
    until: datetime | None = None
    """First moment that is out."""
    by: ColumnElement[Any] = p.at
    """The moment that counts."""
    only: tuple[ColumnElement[bool], ...] = ()

    def chosen(self) -> list[ColumnElement[bool]]:
        bounds = (self.since is not None and self.by >= self.since, self.until is not None and self.by < self.until)
        return [p.problem == self.problem, *self.only, *(bound for bound in bounds if bound is not False)]


class Readable(Protocol):
    """Where predictions can be asked for: a ``Database``, or ``Beside`` it."""

    def reading(self) -> AbstractContextManager[Connection]: ...


def pages(source: Readable, span: Span, chunk: int, rows_of: Select[Any] = ROWS) -> Iterator[list[dict[str, Any]]]:
    """The rows of a span by chunks, each read by itself, so that no reader holds the database up."""
    after: tuple[datetime, str] | None = None
    more = True
    while more:
        with source.reading() as connection:
            rows, more = _page(connection, span, after, chunk, rows_of)
        if rows:
            yield rows
            after = rows[-1][span.by.key or "at"], rows[-1]["id"]


def merged(sides: Sequence[Iterator[list[dict[str, Any]]]], chunk: int) -> Iterator[list[dict[str, Any]]]:
    """The pages of several sources as one, in the order of ``at``."""
    if len(sides) == 1:
        yield from sides[0]
        return
    rows = heapq.merge(*map(chain.from_iterable, sides), key=place)
    while page := list(islice(rows, chunk)):
        yield page


def place(row: dict[str, Any]) -> tuple[datetime, str]:
    """By which rows are in the order of ``at``."""
    return row["at"], row["id"]


def newest_moment(connection: Connection, problem: str) -> datetime | None:
    """The newest event time, or for predictions without one the newest time of an answer."""
    dated = connection.scalar(select(func.max(p.event_time, type_=Moment)).where(p.problem == problem))
    undated = connection.scalar(
        select(func.max(p.at, type_=Moment)).where(p.problem == problem, p.event_time.is_(None))
    )
    return max((moment for moment in (dated, undated) if moment is not None), default=None)


def _page(
    connection: Connection, span: Span, after: tuple[datetime, str] | None, limit: int, rows_of: Select[Any]
) -> tuple[list[dict[str, Any]], bool]:
    """Rows after the one that ``after`` names, and whether more follow."""
    chosen, order = span.chosen(), tuple_(span.by, p.id)
    if after is not None:
        chosen.append(order > _place(after))
    # The end of the page first: a limit on the joined rows would have PostgreSQL join all that follow, page after page.
    ends = select(span.by, p.id).where(*chosen).order_by(span.by, p.id).offset(limit - 1).limit(1)
    last = connection.execute(ends).first()
    if last is not None:
        chosen.append(order <= _place((last[0], last.id)))
    join_by_hash(connection)
    return _dicts(connection, rows_of.where(*chosen).order_by(span.by, p.id)), last is not None


def tail(connection: Connection, problem: str, limit: int) -> list[dict[str, Any]]:
    """The newest rows, oldest of them first."""
    query = ROWS.where(p.problem == problem).order_by(p.at.desc(), p.id.desc()).limit(limit)
    return _dicts(connection, query)[::-1]


def counts(connection: Connection, problem: str, since: datetime | None) -> list[dict[str, Any]]:
    """Figures of each version, arm and standing."""
    place = (p.version, p.arm, p.standing)
    query = (
        select(
            *place,
            func.count().label("predictions"),
            func.count(VALUE).label("labels"),
            _count(p.fallback != "").label("fallbacks"),
            _count(p.error != "").label("errors"),
            func.avg(p.score).label("mean_score"),
            func.avg(case((p.decision, 1.0), (~p.decision, 0.0))).label("share_flagged"),
            _count(cast(p.flags, Text) != "[]").label("odd"),
        )
        .select_from(labelled())
        .where(p.problem == problem)
        .group_by(*place)
        .order_by(*place)
    )
    if since is not None:
        query = query.where(p.at >= since)
    join_by_hash(connection)
    return _dicts(connection, query)


def _place(row: tuple[datetime, str]) -> Any:
    return tuple_(*row, types=[Moment(), p.id.type])


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _dicts(connection: Connection, query: Select[Any]) -> list[dict[str, Any]]:
    found = connection.execute(query)
    names = tuple(found.keys())
    return [dict(zip(names, row, strict=True)) for row in found]
