"""``doubletalk query``: the events that a query lets through."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backend.errors import UserError
from debugger.cli.inspect.loading import loaded, recordings_in
from debugger.cli.inspect.printing import cut, escaped, padded, safe, terminal_width
from debugger.cli.telling import tell

if TYPE_CHECKING:
    from debugger.log import EventLog, Query

_AT_ONCE = 4_096
_WIDE = 120  # cells of a terminal from which on a line has all that there is to say
_SPACES = {ord("\r"): " ", ord("\t"): " "}
_SQL = re.compile(r"\s*(select|with|from|describe|pragma)\b.*\b(from|events)\b", re.IGNORECASE | re.DOTALL)


def query(
    words: Annotated[
        list[str],
        typer.Argument(metavar="PATH... QUERY", help="Recordings or folders, then the query in quotes."),
    ],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="The events as they were recorded.")] = False,
    count: Annotated[bool, typer.Option("--count", help="Only how many there are.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many events.")] = None,
) -> None:
    """Print the events that a query finds, such as 'turn = 2 and data.index > 3'.

    The language is that of the filter in the debugger.
    """
    paths, condition = _parts(words)
    found = 0
    for path in recordings_in(paths):
        with loaded([path]) as log:
            for row in _matching(log, condition, None if limit is None else limit - found):
                found += 1
                if not count:
                    sys.stdout.write(_json(log.raw(row)) if as_json else _line(log, row))
    if count:
        sys.stdout.write(f"{found}\n")
    elif not found:
        sys.stderr.write("no event matches\n")


def _matching(log: EventLog, condition: Query, limit: int | None) -> Iterator[int]:
    """Rows that match, the first `limit`."""
    for start in range(0, len(log), _AT_ONCE):
        for row in condition.rows(log, start, start + _AT_ONCE).tolist():
            if limit is not None and limit <= 0:
                return
            yield row
            limit = None if limit is None else limit - 1


def _parts(words: list[str]) -> tuple[list[str], Query]:
    """The paths, and the query after them.

    Raises:
        UserError: there is no query, or it is none of ours.
        typer.Exit: 2, when it has a mistake, which was told.
    """
    from debugger.log import QueryError, compile_query  # noqa: PLC0415 - loads numpy

    if len(words) == 1:
        raise UserError("a query is missing: doubletalk query FILE 'severity>=error'")
    *paths, text = words
    if text == "-" or Path(text).exists():
        raise UserError(f"{text} is a file; the query comes last: doubletalk query FILE 'severity>=error'")
    if _SQL.match(text):
        raise UserError("this looks like SQL; write a query such as 'component:overseer turn = 2'")
    try:
        return paths, compile_query(text)
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
