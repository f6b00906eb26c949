"""SQL over stores, Parquet files and recordings."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from backend.errors import UserError
from backend.store import is_store
from debugger.cli.inspect.loading import RECORDINGS, inside_of
from debugger.cli.telling import note, tell

if TYPE_CHECKING:
    import pyarrow as pa

    from backend.store.sql import Tables
    from debugger.sources.recording import Recording

PARQUET: Final = ".parquet"
_TOLD: Final = 10
_TRIES: Final = 3
_AT_ONCE: Final = 4_096


def rows_of(
    paths: Sequence[str], sql: str, *, write: bool, limit: int | None
) -> tuple[list[tuple[str, str]], Iterator[tuple[Any, ...]]]:
    """Columns, each a name and a type, and the rows of what SQL asks of the events at `paths`.

    Raises:
        UserError: a path cannot be read, or the SQL has a mistake or may not do what it does.
        typer.Exit: 2, when a recording cannot be read, which was told.
    """
    from backend.store.sql import Tables, check_reads_only, run  # noqa: PLC0415 - loads DuckDB and Arrow

    if not write:
        check_reads_only(sql)  # before anything is read
    for left in reversed(range(_TRIES)):
        tables = Tables()
        try:
            for path in paths:
                for one in meant(path):
                    _add(tables, one)
            result = run(tables, sql, write=write)
            break
        except UserError:
            # Compaction may have replaced files between looking and reading: what replaced them has the same.
            if not left or "-" in paths or not any(is_store(path) for path in paths) or tables.are_there():
                raise
    columns = [(str(one[0]), str(one[1])) for one in result.description or ()]
    return columns, islice(_fetched(result, sql), limit)


def _fetched(result: Any, sql: str) -> Iterator[tuple[Any, ...]]:
    import duckdb  # noqa: PLC0415 - as above

    from backend.store.mistakes import in_one_line  # noqa: PLC0415

    while True:
        try:
            rows = result.fetchmany(_AT_ONCE)
        except (duckdb.Error, OverflowError, ValueError) as error:  # a time beyond Python's calendar
            raise UserError(in_one_line(str(error), sql)) from None
        if not rows:
            return
        yield from rows


def meant(path: str) -> Iterator[str]:
    """A store, a file, or what is in a folder or matches a pattern.

    Raises:
        UserError: nothing is there.
    """
    if path == "-" or is_store(path):
        yield path
        return
    if glob.has_magic(path) and not Path(path).exists():
        found = sorted(glob.glob(path, recursive=True))  # noqa: PTH207 - Path.glob takes no absolute pattern
        if not found:
            raise UserError(f"{path}: no file matches this pattern")
        for one in found:
            yield from meant(one)
        return
    if not Path(path).is_dir():
        yield path
        return
    inside = inside_of(path, (*RECORDINGS, PARQUET))
    if not inside:
        raise UserError(f"{path}: no recordings or Parquet files in this folder")
    yield from inside


def _add(tables: Tables, path: str) -> None:
    if is_store(path):
        tables.add_store(Path(path))
    elif path.endswith(PARQUET):
        tables.add_parquet(Path(path))
    else:
        tables.add(_recorded(path))


def _recorded(path: str) -> Iterator[pa.Table]:
    """A recording's events; what is wrong with it is told as by other commands."""
    from backend.events import decode_line  # noqa: PLC0415
    from backend.store.columns import table_of  # noqa: PLC0415 - as above
    from debugger.sources.recording import Recording, SourceError  # noqa: PLC0415 - loads numpy

    try:
        recording = Recording(path)
        for batch in recording.batches():
            starts, lengths = (batch.offsets - batch.base).tolist(), batch.lengths.tolist()
            lines = [batch.text[at : at + size] for at, size in zip(starts, lengths, strict=True)]
            if lines:
                yield table_of([decode_line(line) for line in lines])
        tell_of(recording)
        recording.close()
    except SourceError as error:
        for problem in error.problems:
            tell(problem)
        raise typer.Exit(2) from None


def tell_of(recording: Recording) -> None:
    """What is wrong with it.

    Raises:
        typer.Exit: 2, when it has lines, but none is an event.
    """
    broken = recording.take_broken() + ([recording.torn] if recording.torn else [])
    for line in broken[:_TOLD]:
        note(f"{recording.path}:{line.line}: {line.reason}")
    if len(broken) > _TOLD:
        note(f"and {len(broken) - _TOLD:,} more broken lines")
    if recording.notice is not None:
        note(recording.notice)
    if broken and not recording.events:
        tell("none of the lines is an event; is this a recording?")
        raise typer.Exit(2)
