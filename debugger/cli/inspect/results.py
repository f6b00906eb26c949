"""Rows of a result, as a table for people, as JSON or CSV for programs."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from enum import StrEnum
from itertools import islice
from typing import Any, Final

from debugger.cli.inspect.printing import escaped, print_table, safe
from debugger.cli.telling import note

Columns = Sequence[tuple[str, str]]
Rows = Iterable[Sequence[Any]]

TABLE_ROWS: Final = 10_000
"""A table is set when all of it is known: more rows than that are for programs."""

_TO_QUOTE: Final = re.compile(r'[",\r\n]|^\s|\s$')
_PLAN: Final = ["explain_key", "explain_value"]
_NUMBERS: Final = ("INT", "DOUBLE", "FLOAT", "DECIMAL", "HUGE", "NUMBER")


class Format(StrEnum):
    """Of what is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def print_rows(columns: Columns, rows: Rows, form: Format) -> None:
    """On stdout. Nothing in a cell acts on a terminal; JSON and CSV have it exactly."""
    if form is Format.JSON:
        _print_json(columns, rows)
    elif form is Format.CSV:
        _print_csv(columns, rows)
    else:
        _print_table(columns, rows)


def _print_table(columns: Columns, rows: Rows) -> None:
    rest = iter(rows)
    shown = [list(map(_cell, row)) for row in islice(rest, TABLE_ROWS)]
    names = [name for name, _ in columns]
    if names == _PLAN:  # drawn with lines
        for _, plan in shown:
            sys.stdout.write("".join(f"{safe(line)}\n" for line in plan.splitlines()))
        return
    if not columns:
        return
    right = [at for at, (_, kind) in enumerate(columns) if any(one in kind.upper() for one in _NUMBERS)]
    print_table(names, shown, right=right)
    if not shown:
        note("no rows")
    elif next(rest, None) is not None:
        note(f"only the first {TABLE_ROWS:,} rows are shown: --format csv or json has all")


def _cell(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, float):
        return str(value)
    return json.dumps(_told(value)) if isinstance(value, (list, dict, tuple)) else str(_told(value))


def _told(value: Any) -> Any:
    """A value as JSON has it: times as text, what is no number null."""
    if isinstance(value, dict):
        return {str(key): _told(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_told(inner) for inner in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else _told_otherwise(value)


def _told_otherwise(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    return value.hex() if isinstance(value, bytes) else str(value)


def _print_json(columns: Columns, rows: Rows) -> None:
    """An array with an object for each row, a line each."""
    names = [json.dumps(name, ensure_ascii=False) for name in _distinct([name for name, _ in columns])]
    kinds = [kind.upper() == "JSON" for _, kind in columns]
    between = "[\n"
    for row in rows:
        members = (
            f"{name}:{_as_it_is(value) if is_json else json.dumps(_told(value), ensure_ascii=False)}"
            for name, is_json, value in zip(names, kinds, row, strict=True)
        )
        sys.stdout.write(f"{between}{escaped('{' + ','.join(members) + '}')}")
        between = ",\n"
    sys.stdout.write("[]\n" if between == "[\n" else "\n]\n")


def _as_it_is(text: Any) -> str:
    """JSON within JSON, to the last digit."""
    try:
        json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return json.dumps(_told(text), ensure_ascii=False)
    return str(text).replace("\n", " ").replace("\r", " ")  # between strings: within one they are escaped


def _distinct(names: Sequence[str]) -> list[str]:
    """Names of columns as names of members, which are not to be the same twice."""
    found: list[str] = []
    for name in names:
        number, one = 1, name
        while one in found:
            number += 1
            one = f"{name}_{number}"
        found.append(one)
    return found


def _print_csv(columns: Columns, rows: Rows) -> None:
    show = safe if sys.stdout.isatty() else str
    for line in _csv_lines([[name for name, _ in columns]], show):
        sys.stdout.write(line)
    for line in _csv_lines(rows, show):
        sys.stdout.write(line)


def _csv_lines(rows: Rows, show: Callable[[str], str]) -> Iterator[str]:
    """A row is a line, but for line breaks within quotes. NULL is nothing, no letters are ``""``."""
    for row in rows:
        yield ",".join("" if value is None else _quoted(show(_csv_cell(value))) for value in row) + "\n"


def _quoted(text: str) -> str:
    # The csv module leaves a carriage return outside of quotes, where it reads as the end of a row.
    return '"' + text.replace('"', '""') + '"' if not text or _TO_QUOTE.search(text) else text


def _csv_cell(value: Any) -> str:
    told = _told(value)
    if isinstance(told, bool):
        return "true" if told else "false"
    return json.dumps(told, ensure_ascii=False) if isinstance(told, (list, dict)) else str(told)
