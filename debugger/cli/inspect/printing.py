"""Printing on stdout: JSON for programs, tables for people. Nothing that was recorded acts on a terminal."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from backend.events import encode_payload

_LONGEST: Final = 72
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


def print_table(head: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[int] = ()) -> None:
    """Columns as wide as they need to be, those in `right` set to the right."""
    from debugger.tui.text import safe_text, shorten, width_of  # noqa: PLC0415 - loads rich

    lines = [[shorten(safe_text(cell), _LONGEST) for cell in row] for row in (head, *rows)]
    widths = [max(map(width_of, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = [
            padded(cell, -width if number in right else width)
            for number, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        sys.stdout.write("  ".join(cells).rstrip() + "\n")


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
