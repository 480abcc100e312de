"""Running as-of views with DuckDB, over what they are allowed to see."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
import pyarrow as pa

from understudy.errors import MachineError, SpecError
from understudy.features.clock import Times
from understudy.problem import ProblemSpec, Table, View

MEMORY = "2GB"


class Views:
    """The event tables of a problem, open to its views.

    A view sees a column that is known only later (role leak, target, label_time) only where the spec says
    from when (``known_at``); it must hold that time against the clock itself, and ``recompute`` proves that it does.
    """

    def __init__(self, database: duckdb.DuckDBPyConnection, spec: ProblemSpec, root: Path) -> None:
        self.database, self.spec, self.root = database, spec, root

    def show(self, at: datetime | None = None) -> None:
        """Open the tables to the views: all of history, or only what was known at a moment."""
        for name, table in self.spec.tables.items():
            self.database.execute(f"CREATE OR REPLACE VIEW {quoted(name)} AS {visible(name, table, at)}")

    @staticmethod
    def table(view: View) -> str:
        """Name of the database's table ``at, <keys>, <columns>`` that holds a computed view."""
        return f"view {view.name}"

    def compute(self, view: View, ticks: Times) -> None:
        """Compute a view at each tick, sorted by (at, keys).

        Raises:
            SpecError: the query fails, or gives two rows for one clock time and key.
            MachineError: it needs more memory or disk than there is.
        """
        clock = pa.table({"at": pa.array(ticks, pa.timestamp("us"))})
        result = quoted(self.table(view))
        keys = "".join(f", CAST({quoted(key)} AS VARCHAR) AS {quoted(key)}" for key in view.keys)
        columns = "".join(f", CAST({quoted(name)} AS DOUBLE) AS {quoted(name)}" for name in view.columns)
        order = ", ".join(['"at"', *map(quoted, view.keys)])
        query = query_of(view, self.root)
        self.database.register("clock arrow", clock)
        try:
            self.database.execute('CREATE OR REPLACE TEMP TABLE clock AS FROM "clock arrow"')
            self.database.execute(
                f'CREATE OR REPLACE TEMP TABLE {result} AS SELECT "at"{keys}{columns} FROM ({query}) ORDER BY {order}'
            )
        except duckdb.OperationalError as error:
            raise MachineError(
                f"Out of memory or disk while computing view {view.name}: {str(error).strip()}",
                "Free some, or narrow the view's window.",
            ) from error
        except duckdb.Error as error:
            raise SpecError(
                f"View {view.name} ({view.sql}) fails: {str(error).strip()}",
                "A view reads clock(at) and the problem's tables; facts that come late need known_at in the spec.",
            ) from error
        self._refuse_doubles(view, order)

    def between(self, view: View, first: np.datetime64, last: np.datetime64) -> Iterator[pa.Table]:
        """A computed view's rows from one clock time to another, both included."""
        span = f"\"at\" BETWEEN TIMESTAMP '{first.item()}' AND TIMESTAMP '{last.item()}'"
        yield self.database.sql(f"FROM {quoted(self.table(view))} WHERE {span}").to_arrow_table()

    def save(self, view: View, path: Path) -> None:
        """Write a computed view as Parquet, sorted by (at, keys)."""
        self.database.sql(f"FROM {quoted(self.table(view))}").write_parquet(str(path), compression="zstd")

    def _refuse_doubles(self, view: View, order: str) -> None:
        double = self.database.execute(
            f"SELECT {order} FROM {quoted(self.table(view))} GROUP BY ALL HAVING count(*) > 1 LIMIT 1"
        )
        if row := double.fetchone():
            raise SpecError(
                f"View {view.name} gives more than one row for {', '.join(map(str, row))}.",
                f"Group its query by clock.at and {', '.join(view.keys) or 'nothing else'}.",
            )


def query_of(view: View, root: Path) -> str:
    """Text of a view's query, with the view's own keys and prefix in it."""
    keys = "".join(f"{quoted(key)}, " for key in view.keys)
    return Template((root / view.sql).read_text(encoding="utf-8")).safe_substitute(keys=keys, prefix=view.prefix)


@contextmanager
def open_views(
    spec: ProblemSpec, root: Path, tables: Mapping[str, pa.Table], threads: int = 2, memory: str = MEMORY
) -> Iterator[Views]:
    """Open an in-memory database over ``tables`` that spills to a temporary folder."""
    with TemporaryDirectory(prefix="understudy-") as spill:
        settings: dict[str, str | bool | int | float | list[str]] = {
            "threads": threads,
            "memory_limit": memory,
            "temp_directory": spill,
        }
        with duckdb.connect(config=settings) as database:
            database.execute("SET enable_progress_bar = false")
            for name in spec.tables:
                database.register(f"all {name}", tables[name])
            views = Views(database, spec, root)
            views.show()
            yield views


def visible(name: str, table: Table, at: datetime | None) -> str:
    """SQL for what views may see of a table: ever, or at a moment."""
    moment = f"TIMESTAMP '{at.isoformat(sep=' ')}'" if at else None
    columns = []
    for column, details in table.columns.items():
        if details.known_at is not None and moment:
            shown = f"CASE WHEN {quoted(details.known_at)} <= {moment} THEN {quoted(column)} END AS {quoted(column)}"
            columns.append(shown)
        elif details.known_at is not None or not details.late:
            columns.append(quoted(column))
    rows = f" WHERE {quoted(table.known_at)} <= {moment}" if table.known_at and moment else ""
    return f"SELECT {', '.join(columns)} FROM {quoted(f'all {name}')}{rows}"


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
