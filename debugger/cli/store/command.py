"""The commands of a store, each a function here."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from backend.errors import UserError
from backend.store import is_store
from debugger.cli.inspect.printing import print_json
from debugger.cli.inspect.results import Format, print_rows
from debugger.cli.ranges import FromOption, ToOption
from debugger.cli.store.sizes import age_of, size_of
from debugger.cli.telling import note, tell

store = typer.Typer(
    name="store",
    help="Look after a store of events: a folder of JSONL with an index beside it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Dir = Annotated[Path, typer.Argument(metavar="DIR", help="The store.")]
KeepOption = Annotated[str | None, typer.Option("--keep", metavar="AGE", help="Remove what is older: 30d.")]
SizeOption = Annotated[
    str | None, typer.Option("--keep-size", metavar="SIZE", help="Remove the oldest above this size: 10GB.")
]

SCHEMA = "doubletalk.store.info/1"
_SOURCES = """
    SELECT source, min(seq) AS first, max(seq) AS last, count(*) AS events,
        max(seq) - min(seq) + 1 - count(DISTINCT seq) AS missing, min(ts) AS oldest, max(ts) AS newest
    FROM events GROUP BY source ORDER BY min(ts), source"""


@store.command("import")
def import_(
    folder: Dir,
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Recordings, Parquet, folders; - is stdin.")
    ],
) -> None:
    """Put the events of recordings into a store, which is made if need be; what it has, it has once."""
    from backend.store.writer import Writer  # noqa: PLC0415 - as all here: loads Arrow
    from debugger.cli.inspect.sql import meant  # noqa: PLC0415

    paths = [one for path in files for one in meant(path)]
    stored = repeated = broken = 0
    with Writer(folder, tell=tell) as writer:
        for path in paths:
            for lines in _lines_of(path):
                taken = writer.write(lines)
                writer.tick()
                stored, repeated = stored + taken.stored, repeated + taken.repeated
                broken += taken.broken
    there = f", {repeated:,} were there already" if repeated else ""
    sys.stdout.write(f"{stored:,} events stored{there}{f', {broken:,} lines left out' if broken else ''}\n")


def _lines_of(path: str) -> Iterator[bytes]:
    """The events of a recording, of a store or of Parquet, as JSONL."""
    if path.endswith(".parquet"):
        from backend.store.parquet_events import lines_in  # noqa: PLC0415 - as above

        yield from lines_in(Path(path))
        return
    from debugger.cli.inspect.sql import tell_of  # noqa: PLC0415
    from debugger.sources.recording import Recording, SourceError  # noqa: PLC0415
    from debugger.sources.store import opened_range  # noqa: PLC0415

    try:
        for recording in opened_range(path).recordings if is_store(path) else [Recording(path)]:
            for batch in recording.batches():
                at = batch.offsets - batch.base
                ends = at + batch.lengths
                text = batch.text
                lines = [text[start:end] for start, end in zip(at.tolist(), ends.tolist(), strict=True)]
                if lines:
                    yield b"\n".join(lines) + b"\n"
            tell_of(recording)
            recording.close()
    except SourceError as error:
        raise UserError("; ".join(error.problems)) from None


@store.command()
def export(
    folder: Dir,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help=".jsonl, .gz, .zst or .parquet; - is stdout."),
    ],
    *,
    since: FromOption = None,
    until: ToOption = None,
) -> None:
    """Write the events of a store, or of a time range of it, to a file: the lines as they were stored."""
    from debugger.sources.store import window_of  # noqa: PLC0415 - as above

    _is_there(folder)
    window = window_of(since, until)
    if output.suffix == ".parquet":
        from backend.store.sql import Tables  # noqa: PLC0415 - loads DuckDB

        tables = Tables()
        tables.add_store(folder)
        tables.write(output, window.since, window.until)
        return
    from backend.jsonl_file import JsonlFile  # noqa: PLC0415 - only here
    from debugger.sources.store import with_range  # noqa: PLC0415 - as above

    (path,) = with_range([str(folder)], since, until)
    with JsonlFile(output) as file:
        for lines in _range_of(path):
            file.write(lines)


def _range_of(path: str) -> Iterator[bytes]:
    from debugger.sources.store import opened_range  # noqa: PLC0415 - as above

    found = opened_range(path)
    for told in found.notices:
        note(told)
    for recording in found.recordings:
        for batch in recording.batches():
            at = (batch.offsets - batch.base).tolist()
            for start, size in zip(at, batch.lengths.tolist(), strict=True):
                yield batch.text[start : start + size] + b"\n"
        recording.close()


@store.command()
def rebuild(folder: Dir) -> None:
    """Make the index anew from the events themselves, as when it is damaged or was removed."""
    from backend.store.writer import Writer  # noqa: PLC0415 - as above

    _is_there(folder)
    Writer(folder, tell=tell, rebuild=True).close()
    info(folder)


@store.command()
def compact(folder: Dir) -> None:
    """Put small segments together and compress all but the newest; the same of the index."""
    from backend.store.writer import Writer  # noqa: PLC0415 - as above

    _is_there(folder)
    with Writer(folder, tell=tell) as writer:
        saved = writer.compact()
    sys.stdout.write(f"{saved:,} files less\n")


@store.command()
def retain(folder: Dir, *, keep: KeepOption = None, keep_size: SizeOption = None) -> None:
    """Remove the oldest segments: those beyond an age, or beyond what may be the size of all."""
    from backend.store.lock import WriterLock  # noqa: PLC0415 - only here
    from backend.store.retention import Limits, retain  # noqa: PLC0415

    _is_there(folder)
    limits = Limits(age_of(keep), size_of(keep_size))
    if limits == Limits():
        raise UserError("say what is to be kept: --keep 30d, --keep-size 10GB")
    with WriterLock(folder):
        gone = retain(folder, limits)
    for segment in gone:
        note(f"{segment.path.name}: removed")
    sys.stdout.write(f"{len(gone):,} segments removed\n")


@store.command()
def info(
    folder: Dir,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say what is in a store: how much, from when, of which sources, and what is missing of them."""
    from backend.store.layout import catalogue  # noqa: PLC0415 - only here
    from backend.store.sql import Tables, run  # noqa: PLC0415 - loads DuckDB

    there = catalogue(folder)
    tables = Tables()
    tables.add_store(folder)
    result = run(tables, _SOURCES)
    columns = [(str(one[0]), str(one[1])) for one in result.description]
    rows = result.fetchall()
    counts = {
        "events": sum(row[3] for row in rows),
        "segments": len(there.segments),
        "text_bytes": sum(one.size for one in there.segments),
        "index_parts": len(there.parts),
        "unindexed_bytes": sum(one.end - one.start for one in there.holes),
    }
    if as_json:
        names = [name for name, _ in columns]
        sources = [dict(zip(names, row, strict=True)) for row in rows]
        print_json(SCHEMA, {"path": str(folder), **counts, "sources": sources})
        return
    sys.stdout.write("".join(f"{name.replace('_', ' '):<16}{value:,}\n" for name, value in counts.items()))
    if rows:
        sys.stdout.write("\n")
        print_rows(columns, rows, Format.TABLE)


def _is_there(folder: Path) -> None:
    from backend.store.layout import check_format  # noqa: PLC0415 - only here

    check_format(folder)
