"""SQL over events: an in-memory DuckDB that sees what it was given, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from duckdb import DuckDBPyConnection, StatementType

from backend.store.columns import SCHEMA, table_of
from backend.store.errors import StoreError
from backend.store.index import note_in
from backend.store.layout import catalogue
from backend.store.mistakes import in_one_line
from backend.store.segments import lines_of

_GLOB: Final = re.compile(r"[*?\[]")
_EXPLAIN: Final = re.compile(r"\s*explain\b\s*(analyze\b)?\s*(\([^()]*\))?", re.IGNORECASE)
_PIVOTS: Final = re.compile(r"[\s(]*(pivot|from|with|select)\b", re.IGNORECASE)
_IN_MEMORY: Final = "events_in_memory"

_DOES: Final = {
    StatementType.COPY: "COPY reads or writes files",
    StatementType.EXPORT: "EXPORT writes files",
    StatementType.ATTACH: "ATTACH opens other databases",
    StatementType.DETACH: "DETACH closes databases",
    StatementType.LOAD: "INSTALL and LOAD run foreign code",
    StatementType.SET: "SET changes how SQL is run",
    StatementType.VARIABLE_SET: "SET changes how SQL is run",
}


class Tables:
    """What `events` is made of: Parquet files, and tables in memory."""

    def __init__(self) -> None:
        self.files: list[Path] = []
        self.tables: list[pa.Table] = []
        self._read: list[Path] = []

    def add_store(self, folder: Path) -> None:
        """All events of a store as it is now, each once.

        Raises:
            StoreError: it cannot be read.
        """
        there = catalogue(folder)
        for part in there.parts:
            if note_in(part.path) is None:
                # Damaged, or compacted since we looked: the segment has the same.
                segments = [one for one in there.segments if one[:2] == part[:2]]
                self._add_text(segments[0].path, part.start, part.end)
            else:
                self._add_file(part.path)
        for hole in there.holes:
            self._add_text(hole.segment.path, hole.start, hole.end)

    def _add_text(self, path: Path, start: int, end: int) -> None:
        self._read.append(path)
        self.tables += [table_of(events) for events, _ in lines_of(path, start, end)]

    def add_parquet(self, path: Path) -> None:
        """A Parquet file of any columns.

        Raises:
            StoreError: it is none.
        """
        try:
            pq.read_schema(path)
        except OSError as error:
            raise StoreError(f"{path}: cannot be opened: {error.strerror or error}") from None
        except pa.ArrowException:
            raise StoreError(
                f"{path}: not Parquet, whatever its name says; check where it comes from"
            ) from None
        self._add_file(path)

    def _add_file(self, path: Path) -> None:
        if _GLOB.search(str(path)):  # DuckDB takes a name for a pattern
            self.tables.append(pq.read_table(path).replace_schema_metadata(None))
        else:
            self.files.append(path.absolute())

    def are_there(self) -> bool:
        """Whether all files still are."""
        return all(path.exists() for path in (*self.files, *self._read))

    def add(self, tables: Iterable[pa.Table]) -> None:
        """Events as columns."""
        self.tables += tables

    def connect(self, *, write: bool = False) -> DuckDBPyConnection:
        """A database with the view ``events``; without `write`, one that reaches nothing else.

        Times are UTC. What would not fit into memory fails: nothing is written beside.
        """
        connection = duckdb.connect(":memory:")
        connection.execute("SET TimeZone = 'UTC'")
        parts = []
        if self.files:
            names = ", ".join(map(_quoted, self.files))
            parts.append(f"FROM read_parquet([{names}], union_by_name = true, hive_partitioning = false)")
        if self.tables or not self.files:
            tables = self.tables or [SCHEMA.empty_table()]
            connection.register(_IN_MEMORY, pa.concat_tables(tables, promote_options="permissive"))
            parts.append(f"FROM {_IN_MEMORY}")
        connection.execute(f"CREATE VIEW events AS {' UNION ALL BY NAME '.join(parts)}")
        with suppress(duckdb.CatalogException):  # as of DuckDB 2 there is no such thing
            connection.execute("SET python_enable_replacement_scans = false")
        if not write:
            allowed = ", ".join(map(_quoted, self.files))
            connection.execute("SET temp_directory = ''")
            connection.execute("SET autoinstall_known_extensions = false")
            connection.execute("SET autoload_known_extensions = false")
            connection.execute(f"SET allowed_paths = [{allowed}]")
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
        return connection

    def write(self, path: Path, since_ns: int | None, until_ns: int | None) -> None:
        """All of it, or what is between two times, as Parquet.

        Raises:
            StoreError: it cannot be written.
        """
        between = [
            f"{name} {sign} make_timestamp({at // 1_000})"
            for name, sign, at in (("ts", ">=", since_ns), ("ts", "<", until_ns))
            if at is not None
        ]
        where = f" WHERE {' AND '.join(between)}" if between else ""
        sql = f"COPY (FROM events{where}) TO {_quoted(path)} (FORMAT parquet, COMPRESSION zstd)"
        try:
            self.connect(write=True).execute(sql)
        except (duckdb.Error, OSError) as error:
            raise StoreError(f"cannot write {path}: {str(error).splitlines()[0]}") from None


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def run(tables: Tables, sql: str, *, write: bool = False) -> Any:
    """The result of the SQL, to be fetched: ``description`` and ``fetchmany``.

    Raises:
        StoreError: it has a mistake, or does what it may not; in one line, with the place.
    """
    try:
        if not write:
            check_reads_only(sql)
        return _executed(tables.connect(write=write), sql)
    except (duckdb.Error, RuntimeError) as error:
        raise StoreError(in_one_line(str(error), sql)) from None


def _executed(connection: DuckDBPyConnection, sql: str) -> Any:
    """As `execute`, in a thread: DuckDB does not look whether Ctrl-C was pressed."""
    with ThreadPoolExecutor(1) as pool:
        result = pool.submit(connection.execute, sql)
        try:
            return result.result()
        except KeyboardInterrupt:
            connection.interrupt()
            raise


def check_reads_only(sql: str) -> None:
    """See that the SQL is one statement that only reads.

    Raises:
        StoreError: it is not; what it would do.
    """
    statements = _statements(sql)
    if len(statements) > 1:
        raise StoreError("one statement at a time, or --write for several")
    kind = statements[0]
    if kind is StatementType.EXPLAIN:
        inner = _EXPLAIN.sub("", sql, count=1)
        kind = _statements(inner)[0] if inner.strip() else kind
    reads = kind is StatementType.SELECT or (kind is StatementType.MULTI and _PIVOTS.match(sql))
    if not reads:
        does = _DOES.get(kind, f"{kind.name.replace('_', ' ')} does more than read")
        raise StoreError(f"{does}: refused, query only reads (--write lets it)")


def _statements(sql: str) -> Sequence[StatementType]:
    try:
        found = [one.type for one in duckdb.extract_statements(sql)]
    except duckdb.Error as error:
        raise StoreError(in_one_line(str(error), sql)) from None
    if not found:
        raise StoreError("there is no SQL in it")
    return found
