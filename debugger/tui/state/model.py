"""A component's snapshot as lines of a tree, with what changed since its previous one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from debugger.log import EventLog, Snapshot
from debugger.tui.text import safe_text, value_text

Path = tuple[str | int, ...]

MAX_CHILDREN: Final = 200
MAX_LINES: Final = 2_000
MAX_DEPTH: Final = 40
_OPEN_DEPTH: Final = 3  # containers above it that are small are open at first
_OPEN_CHILDREN: Final = 12
_VALUE: Final = 500
_OLD: Final = 60
_KEY: Final = 80

_MISSING: Final = object()


class TreeLine(NamedTuple):
    """One line; all text is safe. ``mark`` is one of ``~+-`` or a space.

    ``open`` is None for what holds nothing. ``kind`` is string, number, word (true, false, null),
    container, or more (a line that stands for what was left out).
    """

    path: Path
    depth: int
    key: str
    value: str
    kind: str
    mark: str = " "
    old: str = ""
    open: bool | None = None


class StateView(NamedTuple):
    """What the state pane shows. ``row`` and ``before`` are those of the snapshots, -1 for none."""

    component: str = ""
    session: str = ""
    row: int = -1
    before: int = -1
    changes: int = 0
    lines: tuple[TreeLine, ...] = ()


def snapshots(log: EventLog, component: str, row: int) -> tuple[str | None, Snapshot, Snapshot | None] | None:
    """Session, snapshot and the one before it, of a component at `row`.

    The session is that of the event at `row`; where the component has nothing there, the one of
    its latest snapshot.
    """
    if row < 0 or not component:
        return None
    own = log.interner("session").value(int(log.column("session")[row]))
    current = log.state_at(component, own, row)
    if current is None:
        others = (
            (session, log.state_at(component, session, row)) for session in log.state_sessions(component)
        )
        found = [(session, snapshot) for session, snapshot in others if snapshot is not None]
        if not found:
            return None
        own, current = max(found, key=lambda one: one[1].row)
    return own, current, log.previous_state(component, own, row)


def state_view(log: EventLog, component: str, row: int, folds: Mapping[Path, bool]) -> StateView:
    """The state of `component` at `row`; `folds` says what was opened or closed by hand."""
    found = snapshots(log, component, row)
    if found is None:
        return StateView(safe_text(component, _KEY))
    session, current, before = found
    old = before.state if before is not None else current.state
    writer = _Writer(folds)
    writer.children((), current.state, old, 0)
    return StateView(
        component=safe_text(component, _KEY),
        session=safe_text(session or "", _KEY),
        row=current.row,
        before=before.row if before is not None else -1,
        changes=sum(1 for line in writer.lines if line.mark != " " and line.kind != "container"),
        lines=tuple(writer.lines),
    )


class _Writer:
    """Writes the lines of open branches, and of nothing else."""

    def __init__(self, folds: Mapping[Path, bool]) -> None:
        self.lines: list[TreeLine] = []
        self._folds = folds

    def children(self, path: Path, new: Any, old: Any, depth: int) -> None:
        """The entries of a container, those that are gone last."""
        entries = _entries(new)
        before = dict(_entries(old))
        for number, (key, value) in enumerate(entries):
            if number >= MAX_CHILDREN or len(self.lines) >= MAX_LINES:
                self._more(path, depth, len(entries) - number)
                return
            self._entry((*path, key), value, before.pop(key, _MISSING), depth)
        for key, value in list(before.items())[:MAX_CHILDREN]:
            gone = _outline(value)
            self.lines.append(TreeLine((*path, key), depth, _key(key), gone, "gone", "-"))

    def _entry(self, path: Path, value: Any, old: Any, depth: int) -> None:
        mark = "+" if old is _MISSING else " " if _same(old, value) else "~"
        if not isinstance(value, dict | list):
            was = _outline(old) if mark == "~" else ""
            text = _outline(value, _VALUE)
            self.lines.append(TreeLine(path, depth, _key(path[-1]), text, _kind(value), mark, was))
            return
        container_before = isinstance(old, dict | list)
        was = _outline(old) if mark == "~" and not container_before else ""
        small = depth < _OPEN_DEPTH and len(value) <= _OPEN_CHILDREN
        unfolded = bool(value) and depth < MAX_DEPTH and self._folds.get(path, small)
        line = TreeLine(
            path, depth, _key(path[-1]), _outline(value), "container", mark, was, unfolded if value else None
        )
        self.lines.append(line)
        if unfolded:
            self.children(path, value, old if container_before else value, depth + 1)

    def _more(self, path: Path, depth: int, left: int) -> None:
        self.lines.append(TreeLine((*path, "…"), depth, "…", f"{left:,} more", "more"))


def _entries(value: Any) -> list[tuple[str | int, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []


def _outline(value: Any, limit: int = _OLD) -> str:
    """A container as its size, anything else as its text."""
    if isinstance(value, dict):
        return f"{{{len(value)}}}" if value else "{}"
    if isinstance(value, list):
        return f"[{len(value)}]" if value else "[]"
    return value_text(value, limit)


def _same(old: Any, new: Any) -> bool:
    try:
        return type(old) is type(new) and bool(old == new)
    except RecursionError:
        return False


def _key(key: str | int) -> str:
    return safe_text(key, _KEY)


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return "string"
    return "word" if value is None or isinstance(value, bool) else "number"
