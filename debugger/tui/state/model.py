"""A component's snapshot as lines of a tree, with what is different from another snapshot of it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any, Final, NamedTuple

from backend.wire.query.nodes import Missing
from debugger.log import GONE, MISSING, EventLog, Path, Snapshot
from debugger.log.fields import same
from debugger.tui.state.signs import ADDED, CHANGED
from debugger.tui.text import safe_text, value_text

__all__ = [
    "MAX_CHILDREN",
    "MAX_DEPTH",
    "MAX_LINES",
    "Shape",
    "StateView",
    "TreeLine",
    "differences",
    "outline",
    "session_at",
    "snapshots",
    "state_view",
    "view_of",
]

MAX_CHILDREN: Final = 200
MAX_LINES: Final = 2_000
MAX_DEPTH: Final = 40
_OPEN_DEPTH: Final = 3  # containers above it that are small are open at first
_OPEN_CHILDREN: Final = 12
_VALUE: Final = 500
_OLD: Final = 60
_KEY: Final = 80
_COMPARED: Final = 50_000  # children of one branch that are compared where they are not shown
_COUNTED: Final = 10_000


class TreeLine(NamedTuple):
    """One line; all text is safe. ``mark`` is one of ``~+-`` or a space.

    ``open`` is None for what holds nothing. ``kind`` is string, number, word (true, false, null),
    container, gone (it is no more), or more (a line that stands for what was left out: ``start`` is
    the first child to show instead).
    """

    path: Path
    depth: int
    key: str
    value: str
    kind: str
    mark: str = " "
    old: str = ""
    open: bool | None = None
    start: int = 0


class StateView(NamedTuple):
    """What the state pane shows. ``row`` and ``before`` are those of the snapshots, -1 for none.

    ``changes`` counts the fields that differ, also where they are folded away. ``note`` says what
    could not be shown or compared. ``of`` are component and session as the log has them.
    """

    component: str = ""
    session: str = ""
    row: int = -1
    before: int = -1
    changes: int = 0
    lines: tuple[TreeLine, ...] = ()
    note: str = ""
    of: tuple[str, str | None] = ("", None)


class Shape(NamedTuple):
    """What of the state one wants to see.

    ``folds`` are branches that were opened or closed by hand, ``starts`` first children of branches
    with too many; ``base`` is a row whose snapshot to compare with, -1 for the one before.
    """

    folds: Mapping[Path, bool] = {}
    starts: Mapping[Path, int] = {}
    only_changed: bool = False
    base: int = -1


def snapshots(log: EventLog, component: str, row: int) -> tuple[str | None, Snapshot, Snapshot | None] | None:
    """Session, snapshot and the one before it, of a component at `row`.

    The session is that of the event at `row`; where the component has nothing there, the one of
    its latest snapshot.
    """
    session = session_at(log, component, row)
    if isinstance(session, Missing):
        return None
    current = log.state_at(component, session, row)
    if current is None:
        return None
    return session, current, log.previous_state(component, session, row)


def session_at(log: EventLog, component: str, row: int) -> str | Missing | None:
    """The session whose state of `component` is shown at `row`; `MISSING` if it has none up to there."""
    if row < 0 or not component or row >= len(log):
        return MISSING
    own = log.interner("session").value(int(log.column("session")[row]))
    if log.snapshot_rows(component, own, row, 1):
        return own
    return log.latest_state_session(component, row)


def state_view(
    log: EventLog, component: str, row: int, folds: Mapping[Path, bool], shape: Shape | None = None
) -> StateView:
    """The state of `component` at `row`; `folds` says what was opened or closed by hand."""
    shape = (shape or Shape())._replace(folds=folds)
    found = snapshots(log, component, row)
    if found is None:
        return StateView(safe_text(component, _KEY))
    session, current, before = found
    if is_gone(log, current):
        return StateView(
            safe_text(component, _KEY),
            safe_text(session or "", _KEY),
            current.row,
            note=f"this state can no longer be read: {safe_text(current.state[GONE], _KEY)}",
            of=(component, session),
        )
    note = ""
    if shape.base >= 0:
        before = log.state_at(component, session, shape.base) or Snapshot(-1, {})
    if before is not None and is_gone(log, before):
        before, note = None, "the state before can no longer be read: nothing is compared"
    return view_of(component, session, current, before, shape)._replace(note=note)


def is_gone(log: EventLog, snapshot: Snapshot) -> bool:
    """Whether the line of a snapshot is no longer there."""
    return len(snapshot.state) == 1 and GONE in snapshot.state and GONE in log.event(snapshot.row)


def view_of(
    component: str, session: str | None, current: Snapshot, before: Snapshot | None, shape: Shape
) -> StateView:
    """The view of a snapshot, and of what is different from `before`; without one nothing is marked."""
    old = before.state if before is not None else current.state
    writer = _Writer(shape)
    writer.children((), current.state, old, 0)
    return StateView(
        component=safe_text(component, _KEY),
        session=safe_text(session or "", _KEY),
        row=current.row,
        before=before.row if before is not None else -1,
        changes=differences(old, current.state),
        lines=tuple(writer.lines),
        of=(component, session),
    )


def differences(old: Any, new: Any, most: int = _COUNTED) -> int:
    """Fields of two states that differ, up to `most`; a branch that is new, or gone, counts as one."""
    if same(old, new):
        return 0
    if type(old) is not type(new) or not isinstance(new, dict | list):
        return 1
    before, found = dict(_entries(old)), 0
    for key, value in _entries(new):
        found += differences(before.pop(key, MISSING), value, most - found)
        if found >= most:
            return most
    return min(found + len(before), most)


class _Writer:
    """Writes the lines of open branches, and of nothing else."""

    def __init__(self, shape: Shape) -> None:
        self.lines: list[TreeLine] = []
        self._shape = shape

    def children(self, path: Path, new: Any, old: Any, depth: int) -> None:
        """The entries of a container: some of them, then what changed among the others, then what is gone."""
        entries = _entries(new)
        before = dict(_entries(old))
        start = min(self._shape.starts.get(path, 0), max(len(entries) - 1, 0))
        stop = min(start + MAX_CHILDREN, len(entries))
        if self._shape.only_changed:
            start = stop = 0
        if start:
            self._more(path, depth, max(start - MAX_CHILDREN, 0), f"{start:,} before")
        for number in range(start, stop):
            if len(self.lines) >= MAX_LINES:
                stop = number
                break
            key, value = entries[number]
            self._entry((*path, key), value, before.pop(key, MISSING), depth)
        if stop < len(entries) and not self._shape.only_changed:
            self._more(path, depth, stop, f"{len(entries) - stop:,} more")
        self._changed_elsewhere(path, [*entries[:start], *entries[stop:]], before, depth)
        present = new if isinstance(new, dict) else range(len(new))
        gone = ((key, value) for key, value in before.items() if key not in present)
        for key, value in islice(gone, MAX_CHILDREN):
            line = TreeLine((*path, key), depth, _key(key), outline(value), "gone", "-")
            self.lines.append(line)

    def _changed_elsewhere(
        self, path: Path, entries: list[tuple[str | int, Any]], before: dict[str | int, Any], depth: int
    ) -> None:
        written = 0
        for key, value in entries[:_COMPARED]:
            if written >= MAX_CHILDREN or len(self.lines) >= MAX_LINES:
                return
            old = before.get(key, MISSING)
            if old is not value and not same(old, value):
                self._entry((*path, key), value, old, depth)
                written += 1

    def _entry(self, path: Path, value: Any, old: Any, depth: int) -> None:
        mark = ADDED if old is MISSING else " " if same(old, value) else CHANGED
        if not isinstance(value, dict | list):
            was = outline(old) if mark == CHANGED else ""
            text = outline(value, _VALUE)
            self.lines.append(TreeLine(path, depth, _key(path[-1]), text, _kind(value), mark, was))
            return
        alike = type(old) is type(value)
        was = outline(old) if mark == CHANGED and not (alike and len(old) == len(value)) else ""
        small = depth < _OPEN_DEPTH and len(value) <= _OPEN_CHILDREN
        small |= self._shape.only_changed and depth < _OPEN_DEPTH
        holds = bool(value) or (alike and bool(old))  # what was in it last is told below it
        unfolded = holds and depth < MAX_DEPTH and self._shape.folds.get(path, small)
        line = TreeLine(
            path, depth, _key(path[-1]), outline(value), "container", mark, was, unfolded if holds else None
        )
        self.lines.append(line)
        if unfolded:
            self.children(path, value, old if alike else type(value)(), depth + 1)

    def _more(self, path: Path, depth: int, start: int, text: str) -> None:
        self.lines.append(TreeLine((*path, "…"), depth, "…", text, "more", start=start))


def _entries(value: Any) -> list[tuple[str | int, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []


def outline(value: Any, limit: int = _OLD) -> str:
    """A container as its size, anything else as its text."""
    if isinstance(value, dict):
        return f"{{{len(value)}}}" if value else "{}"
    if isinstance(value, list):
        return f"[{len(value)}]" if value else "[]"
    return value_text(value, limit)


def _key(key: str | int) -> str:
    return safe_text(key, _KEY)


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return "string"
    return "word" if value is None or isinstance(value, bool) else "number"
