"""``doubletalk query``: the events that a filter lets through, or what SQL makes of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from backend.errors import UserError
from backend.events import Event
from debugger.cli.inspect.loading import loaded, recordings_in
from debugger.cli.inspect.meant import is_sql
from debugger.cli.inspect.printing import cut, escaped, padded, safe, terminal_width
from debugger.cli.inspect.results import Format, print_rows
from debugger.cli.inspect.sql import PARQUET, rows_of
from debugger.cli.telling import tell

if TYPE_CHECKING:
    from debugger.log import EventLog, Query

_AT_ONCE = 4_096
_WIDE = 120  # cells of a terminal from which on a line has all that there is to say
_SPACES = {ord("\r"): " ", ord("\t"): " "}
_FIELDS: Final = tuple((name, "VARCHAR") for name in Event.__struct_fields__)


def query(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH... QUERY",
            help="Stores, recordings, Parquet files (SQL only), folders, patterns; then the query in quotes.",
        ),
    ],
    *,
    form: Annotated[
        Format | None, typer.Option("--format", "-f", help="What is printed; a table, if nothing is said.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As --format json.")] = False,
    count: Annotated[bool, typer.Option("--count", help="Only how many events a filter finds.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many events, or rows.")] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Let SQL write files and open others; events it never changes.")
    ] = False,
) -> None:
    """Ask recordings and stores, with a filter or in SQL.

    A filter is written as in the debugger, such as 'turn = 2 and data.index > 3', and prints events. What
    begins as an SQL statement does (SELECT ..., WITH x AS ..., FROM events ..., DESCRIBE events) is SQL, over
    the table events; to look for such words with a filter, put them into double quotes.
    """
    paths, text = _parts(words)
    form = form or (Format.JSON if as_json else Format.TABLE)
    if is_sql(text):
        if count:
            raise UserError("--count is of a filter; in SQL write: SELECT count(*) FROM events")
        columns, rows = rows_of(paths, text, write=write, limit=limit)
        print_rows(columns, rows, form)
        return
    if write:
        raise UserError("--write is of SQL; a filter only reads")
    _filter(paths, _condition(text), form, limit, count=count)


def _filter(paths: list[str], condition: Query, form: Format, limit: int | None, *, count: bool) -> None:
    """Print the events that a filter finds: as lines, or as they were recorded."""
    if wrong := next((path for path in paths if path.endswith(PARQUET)), None):
        raise UserError(f"{wrong}: a filter reads recordings and stores; ask Parquet in SQL")
    found = 0
    shown: list[dict[str, Any]] = []
    for path in recordings_in(paths):
        with loaded([path]) as log:
            for row in _matching(log, condition, None if limit is None else limit - found):
                found += 1
                if count:
                    continue
                if form is Format.CSV:
                    shown.append(log.event(row))
                else:
                    sys.stdout.write(_json(log.raw(row)) if form is Format.JSON else _line(log, row))
    if count:
        sys.stdout.write(f"{found}\n")
    elif form is Format.CSV:
        print_rows(_FIELDS, ([event.get(name) for name, _ in _FIELDS] for event in shown), form)
    if not count and not found:
        sys.stderr.write("no event matches\n")


def _matching(log: EventLog, condition: Query, limit: int | None) -> Iterator[int]:
    """Rows that match, the first `limit`."""
    for start in range(0, len(log), _AT_ONCE):
        for row in condition.rows(log, start, start + _AT_ONCE).tolist():
            if limit is not None and limit <= 0:
                return
            yield row
            limit = None if limit is None else limit - 1


def _parts(words: list[str]) -> tuple[list[str], str]:
    """The paths, and the query after them.

    Raises:
        UserError: there is no query.
    """
    if len(words) == 1:
        raise UserError("a query is missing: doubletalk query FILE 'severity>=error'")
    *paths, text = words
    if text == "-" or _is_there(text):
        raise UserError(f"{text} is a file; the query comes last: doubletalk query FILE 'severity>=error'")
    return paths, text


def _is_there(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):  # a query may be longer than a name
        return False


def _condition(text: str) -> Query:
    """The filter.

    Raises:
        typer.Exit: 2, when it has a mistake, which was told.
    """
    from debugger.log import QueryError, compile_query  # noqa: PLC0415 - loads numpy

    try:
        return compile_query(text)
    except QueryError as error:
        tell(error)
        sys.stderr.write("".join(f"  {line}\n" for line in _at_its_place(text, error.position)))
        raise typer.Exit(2) from None


def _at_its_place(text: str, position: int) -> tuple[str, str]:
    """The query, and under the place a caret."""
    from debugger.tui.text import width_of  # noqa: PLC0415 - loads rich

    before = safe(text[:position])
    return before + safe(text[position:]), f"{' ' * width_of(before)}^"


def _json(line: bytes) -> str:
    # Between the strings of JSON a carriage return is a space; a terminal would go back and write over.
    return escaped(line.decode("utf-8", "replace").translate(_SPACES)) + "\n"


def _line(log: EventLog, row: int) -> str:
    from debugger.tui.events.model import describe  # noqa: PLC0415 - as above

    event = describe(log, row, row - 1)
    number, room = f"#{event.seq}", terminal_width()
    cells: tuple[tuple[str, int], ...] = (
        *((number, 8), (event.time, 0), (event.delta, -7), (event.component, 20)),
        *((event.glyph, 0), (event.kind, 28), (event.place, 8), (event.summary, 0)),
    )
    if room is not None and room < _WIDE:
        cells = ((number, 6), (event.time, 0), (event.component, 18))
        cells += ((event.glyph, 0), (event.kind, 25), (event.summary, 0))
    return cut(" ".join(padded(text, width) for text, width in cells).rstrip()) + "\n"
