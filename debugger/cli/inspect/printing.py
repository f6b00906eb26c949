"""Printing on stdout: JSON for programs, tables for people. Nothing that was recorded acts on a terminal."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from backend.events import encode_payload
from debugger.cli.telling import note

_LONGEST: Final = 72
_LEAST: Final = 12  # cells that are left of a column of text
_GAP: Final = 2
_NOT_ASCII: Final = re.compile(r"[^\n -~]")


def print_json(schema: str, value: Any) -> None:
    """One JSON object, indented, that names its schema."""
    found = msgspec.to_builtins(value)
    content = {"schema": schema} | (found if isinstance(found, dict) else {"items": found})
    sys.stdout.write(json_text(content, indent=2) + "\n")


def json_text(content: dict[str, Any], *, indent: int = -1) -> str:
    """JSON that any program reads, in one line or indented: no NaN, no half of a surrogate pair.

    What JSON has no form for, such as an integer beyond 64 bits, is described.
    """
    try:
        encoded = msgspec.json.encode(content)
    except (ValueError, OverflowError, RecursionError):  # UnicodeEncodeError is a ValueError
        encoded = bytes(encode_payload(content))
    return escaped(msgspec.json.format(encoded, indent=indent).decode())


def escaped(text: str) -> str:
    r"""The same JSON with what a terminal would act upon written as ``\u009b``. It can only be in strings."""
    return _NOT_ASCII.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    char = found[0]
    if char.isprintable():
        return char
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def print_table(
    head: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    right: Sequence[int] = (),
    spare: Sequence[int] = (),
) -> None:
    """Columns as wide as they need to be, those in `right` set to the right.

    On a terminal no line is longer than that is wide: columns of text are cut, and if that is not enough,
    those in `spare` are left out, the first of them first, which is told.
    """
    from debugger.tui.text import safe_text, shorten, width_of  # noqa: PLC0415 - loads rich

    lines = [[shorten(safe_text(cell), _LONGEST) for cell in row] for row in (head, *rows)]
    wanted = [max(map(width_of, column)) for column in zip(*lines, strict=True)]
    room, widths = terminal_width(), dict(enumerate(wanted))
    if room is not None:
        about = (0,) if wanted[0] <= room // 3 else ()  # what the line is about is cut last
        widths = fitted(wanted, room, (*right, *about), spare)
    for line in lines:
        cells = [
            padded(shorten(line[number], width), -width if number in right else width)
            for number, width in widths.items()
        ]
        sys.stdout.write("  ".join(cells).rstrip() + "\n")
    missing = [head[number] for number in range(len(head)) if number not in widths]
    if missing:
        note(f"no room for {', '.join(missing)}: --json has them")


def fitted(
    wanted: Sequence[int], room: int, fixed: Sequence[int] = (), spare: Sequence[int] = ()
) -> dict[int, int]:
    """The columns that there is room for, with their widths; those that are not `fixed` may be narrower.

    Which is too much all the same, is too much: nothing is left out that is not to `spare`.
    """
    widths = dict(enumerate(wanted))

    def least(number: int) -> int:
        return widths[number] if number in fixed else min(widths[number], _LEAST)

    def taken(sizes: Iterable[int]) -> int:
        return sum(sizes) + _GAP * (len(widths) - 1)

    for number in spare:
        if taken(map(least, widths)) <= room:
            break
        del widths[number]
    elastic = [number for number in widths if number not in fixed]
    while elastic and taken(widths.values()) > room:
        widest = max(elastic, key=lambda number: widths[number])
        if widths[widest] <= _LEAST:
            break
        widths[widest] -= 1
    return widths


def terminal_width() -> int | None:
    """Cells of a line where stdout is a terminal; None where a program reads, which wants everything."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def cut(line: str) -> str:
    """A safe line, on a terminal no longer than that is wide."""
    from debugger.tui.text import shorten  # noqa: PLC0415 - as above

    room = terminal_width()
    return line if room is None else shorten(line, room)


def padded(text: str, width: int) -> str:
    """Safe text in as many terminal cells at least; negative: set to the right."""
    from debugger.tui.text import width_of  # noqa: PLC0415 - as above

    padding = " " * (abs(width) - width_of(text))
    return padding + text if width < 0 else text + padding


def milliseconds(ns: int | None) -> str:
    """A duration for people; a dash for none."""
    from debugger.tui.units import span  # noqa: PLC0415 - as above

    return "-" if ns is None else span(ns)


def safe(text: object) -> str:
    """One line of foreign text."""
    from debugger.tui.text import safe_text  # noqa: PLC0415 - as above

    return safe_text(text)
