"""Events on their way out: to the clipboard, to a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from textual.widget import Widget

from debugger.tui.query_line.purpose import Asking, EntryError
from debugger.tui.session import Session
from debugger.tui.state.tree import StateTree

MAX_COPIED: Final = 2_000
"""Events that are copied at once: a terminal's clipboard takes some hundred kB."""

_MAX_BYTES: Final = 512 * 1024
_AT_ONCE: Final = 256


def copied(session: Session, focused: Widget | None) -> tuple[str, str]:
    """What to put on the clipboard, and what to say of it: events, or the value chosen in a state."""
    if isinstance(focused, StateTree) and session.selection is None and focused.copy_text:
        return focused.copy_text, f"copied: {focused.copy_text[:60]}"
    rows = session.selected_rows()
    lines: list[str] = []
    size = 0
    for row in rows[:MAX_COPIED].tolist():
        line = session.log.raw(row).decode("utf-8", "replace")
        size += len(line) + 1
        if size > _MAX_BYTES:
            break
        lines.append(line)
    if not lines:
        return "", "nothing to copy"
    if len(lines) < len(rows):
        return "\n".join(
            lines
        ), f"copied the first {len(lines):,} of {len(rows):,}; E writes them all to a file"
    return "\n".join(lines), f"copied {told(len(lines))}"


def told(number: int, which: str = "") -> str:
    """So many events."""
    return f"{number:,} {which}event{'' if number == 1 else 's'}"


class Exporting(Asking):
    """Writes the selected events, or all shown ones, as they were recorded."""

    key = "E"
    name = "export to"
    enter = "write"
    placeholder = "a new file, such as part.jsonl"

    def look(self, session: Session, text: str) -> str:
        """How many that would be."""
        del text
        if session.selection is not None:
            return told(len(session.selected_rows()), "selected ")
        return told(len(session.shown), "shown ") + ("" if session.shown.complete else " so far")

    def keep(self, session: Session, text: str) -> None:
        """Write them.

        Raises:
            EntryError: the file exists, or cannot be written.
        """
        name = text.strip()
        if not name:
            raise EntryError("a file is needed, such as part.jsonl")
        path = Path(name).expanduser()
        try:
            file = path.open("xb")
        except FileExistsError:
            raise EntryError(f"{name} exists; name another file") from None
        except OSError as error:
            raise EntryError(f"cannot write {name}: {error.strerror}") from None
        session.start(exporting(session, file, name))


def exporting(session: Session, file: BinaryIO, name: str) -> Iterator[str]:
    """Write the selection, or all shown events, a line each, step by step; yields how far it is.

    Events that lost their line are left out, and told.
    """
    rows = session.selected_rows() if session.selection is not None else None
    shown = session.shown
    total = len(shown) if rows is None else len(rows)
    dropped, written = shown.dropped, 0
    with file:
        try:
            for start in range(0, total, _AT_ONCE):
                part = range(start, min(start + _AT_ONCE, total))
                gone = shown.dropped - dropped  # a live log goes on meanwhile
                known = range(max(part.start - gone, 0), max(part.stop - gone, 0))
                some = shown.rows(known) if rows is None else rows[part.start : part.stop]
                lines = [line for row in some.tolist() if (line := session.log.raw(row))]
                file.write(b"".join(line + b"\n" for line in lines))
                written += len(lines)
                yield f"writing {name}: {written:,} of {told(total)}"
        except OSError as error:
            yield f"{name} has only {written:,} of {told(total)}: {error.strerror}"
            return
    lost = f"; {total - written:,} have no line any more" if written < total else ""
    yield f"wrote {told(written)} to {name}{lost}"
