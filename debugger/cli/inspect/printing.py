"""Printing on stdout: JSON for programs, tables for people. Nothing that was recorded acts on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

_LONGEST = 72


def print_json(schema: str, value: Any) -> None:
    """One JSON object, indented, that names its schema."""
    found = msgspec.to_builtins(value)
    content = {"schema": schema} | (found if isinstance(found, dict) else {"items": found})
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(content)).decode() + "\n")


def print_table(head: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[int] = ()) -> None:
    """Columns as wide as they need to be, those in `right` set to the right."""
    from debugger.tui.text import safe_text, shorten, width_of  # noqa: PLC0415 - loads rich

    lines = [[shorten(safe_text(cell), _LONGEST) for cell in row] for row in (head, *rows)]
    widths = [max(map(width_of, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = []
        for number, (cell, width) in enumerate(zip(line, widths, strict=True)):
            padding = " " * (width - width_of(cell))
            cells.append(padding + cell if number in right else cell + padding)
        sys.stdout.write("  ".join(cells).rstrip() + "\n")


def milliseconds(ns: int | None) -> str:
    """A duration for people; a dash for none."""
    from debugger.tui.units import span  # noqa: PLC0415 - as above

    return "-" if ns is None else span(ns)


def safe(text: object) -> str:
    """One line of foreign text."""
    from debugger.tui.text import safe_text  # noqa: PLC0415 - as above

    return safe_text(text)
