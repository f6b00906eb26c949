"""The states of all components at once, a line or two each, and what changed in this turn."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final, NamedTuple

import numpy as np
from rich.segment import Segment

from backend.wire.query.nodes import Missing
from debugger.log import MISSING, NONE, EventLog
from debugger.log.fields import same
from debugger.tui.palette import ink
from debugger.tui.session import Session
from debugger.tui.state.model import differences, is_gone, outline, session_at
from debugger.tui.state.paint import Segments, event_text, mark_style
from debugger.tui.state.signs import ADDED, CHANGED, NOW
from debugger.tui.text import fit, safe_text, shorten, width_of

_PIECE: Final = 65_536
_FURTHEST: Final = 1 << 20
_FIELDS: Final = 40  # of one component
_VALUE: Final = 40
_OLD: Final = 20
_KEY: Final = 40
_NAME: Final = 60
_KEPT: Final = 512
_NAME_WIDTH: Final = 22
_TWO: Final = 2
_INDENT: Final = 4


class Fact(NamedTuple):
    """A field of the first level: ``mark`` is one of ``~+-`` or a space; all text is safe."""

    mark: str
    key: str
    value: str
    old: str = ""


class Entry(NamedTuple):
    """A component's state. ``row`` is that of its snapshot, -1 for none up to there."""

    name: str
    session: str = ""
    row: int = -1
    changes: int = 0
    facts: tuple[Fact, ...] = ()
    note: str = ""


def before_turn(log: EventLog, row: int) -> int:
    """The row before the first of the turn that `row` is of; without a turn the row before it.

    Turns run among the events of other sessions; one whose rows are further apart than 65,536 begins there.
    """
    turns, sessions = log.column("turn"), log.column("session")
    turn, session = turns[row], sessions[row]
    if turn == NONE:
        return row - 1
    first, stop = row, row
    furthest = max(row - _FURTHEST, log.first_row)
    while stop > furthest:
        start = max(stop - _PIECE, furthest)
        found = np.flatnonzero((turns[start:stop] == turn) & (sessions[start:stop] == session))
        if not len(found):
            break
        first, stop = start + int(found[0]), start
    return first - 1


class OverviewBody:
    """Components in order of their first state."""

    def __init__(self, session: Session, base: int, *, only_changed: bool) -> None:
        self._session = session
        self._names: tuple[str, ...] = ()
        self._drawn: tuple[object, ...] = ()
        self._entries: OrderedDict[tuple[object, ...], Entry] = OrderedDict()
        self._since = -1
        self.only_changed = only_changed
        self.base = base
        self.line = 0
        self.span = 1

    def __len__(self) -> int:
        """Components."""
        return len(self._names)

    def sync(self, height: int) -> bool:
        """Look at the cursor."""
        session = self._session
        log, row = session.log, session.cursor
        drawn = (row, len(log.state_components), height, self.base, self.only_changed)
        if drawn == self._drawn:
            return False
        self._drawn = drawn
        chosen = self.chosen
        if row < 0:
            self._since = -1
        else:
            self._since = self.base if self.base >= 0 else before_turn(log, row)
        names = log.state_components
        self._names = self._touched(names) if self.only_changed else names
        self.span = _TWO if _TWO * len(self._names) <= height else 1
        found = self._names.index(chosen) if chosen in self._names else self.line
        self.line = min(found, max(len(self._names) - 1, 0))
        return True

    def _touched(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Those that had a snapshot since the base."""
        log, row = self._session.log, self._session.cursor
        low, high = sorted((self._since, row))
        some = log.column("component")[max(low + 1, high - _FURTHEST, log.first_row) : high + 1]
        numbers = {log.id_of("component", name): name for name in names}
        here = [numbers[number] for number in np.unique(some).tolist() if number in numbers]
        changed = {name for name in here if self._entry(name).changes}
        return tuple(name for name in names if name in changed)

    def advance(self) -> bool:
        """Nothing takes long."""
        return True

    @property
    def chosen(self) -> str:
        """The chosen component, as the log has it."""
        return self._names[self.line] if self.line < len(self._names) else ""

    def place_of(self, name: str) -> int:
        """Where a component stands; the first place for one that is not there."""
        return self._names.index(name) if name in self._names else 0

    # --- one component ---------------------------------------------------------------------

    def _entry(self, name: str) -> Entry:
        log, row = self._session.log, self._session.cursor
        session = session_at(log, name, row)
        if isinstance(session, Missing):
            return Entry(safe_text(name, _NAME))
        now = log.snapshot_rows(name, session, row, 1)[0]
        then = (log.snapshot_rows(name, session, self._since, 1) or [-1])[0] if self._since >= 0 else -1
        key = (name, session, now, then)
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = _entry(log, name, session, row, self._since)
            if len(self._entries) > _KEPT:
                self._entries.popitem(last=False)
        return entry

    # --- painting -----------------------------------------------------------------------------

    def top(self, width: int, height: int) -> list[Segments]:
        """Nothing stays above."""
        del width, height
        return []

    def paint(self, number: int, part: int, width: int) -> Segments:
        """A component: its name, what changed, and then the rest; where there are two lines, over both."""
        entry = self._entry(self._names[number])
        now = entry.row == self._session.cursor
        mark = CHANGED if entry.changes else " "
        column = max(min(_NAME_WIDTH, width // 3), 6)
        head = [
            Segment(f"{NOW if now else ' '}{mark} ", mark_style(mark)),
            Segment(fit(entry.name, column) + "  ", ink.bold if now else ink.plain),
        ]
        room = width - sum(width_of(segment.text) for segment in head)
        if entry.row < 0 or entry.note:
            word = "" if part else entry.note or "no state yet"
            return [*([] if part else head), Segment(shorten(word, max(room, 0)), ink.dim)]
        facts = sorted(entry.facts, key=lambda fact: fact.mark == " ")
        two = self.span > 1
        first, written = _facts(facts, room, old=two, last=not two)
        if not part:
            return head + first
        indent = " " * _INDENT
        return [Segment(indent, ink.plain), *_facts(facts[written:], width - _INDENT, old=True)[0]]

    def bottom(self, width: int) -> Segments:
        """Which snapshot it is."""
        name = self.chosen
        entry = self._entry(name) if name else None
        if entry is None or entry.row < 0:
            return []
        where = f"{entry.session} " if entry.session else ""
        changed = f" · {entry.changes:,} changed" if entry.changes else ""
        text = f"  {entry.name} {where}{event_text(self._session.log, entry.row)}{changed} · ⏎ open"
        return [Segment(shorten(text, width), ink.accent)]

    @property
    def empty(self) -> str:
        """Why there is nothing."""
        return "nothing changed" if self.only_changed else "no component has told a state"

    @property
    def titles(self) -> tuple[str, str]:
        """Since when changes are marked."""
        log, row = self._session.log, self._session.cursor
        title = f" · all components{' · changes' if self.only_changed else ''}"
        if row < 0:
            return title, ""
        if self.base >= 0:
            return title, f"since {event_text(log, self.base)}"
        turn = int(log.column("turn")[row])
        return title, "since the event before" if turn == NONE else f"since turn {turn} began"

    @property
    def copied(self) -> str:
        """The chosen component's fields."""
        name = self.chosen
        if not name:
            return ""
        entry = self._entry(name)
        return f"{entry.name} {' '.join(f'{fact.key}={fact.value}' for fact in entry.facts)}"


def _entry(log: EventLog, name: str, session: str | None, row: int, since: int) -> Entry:
    current = log.state_at(name, session, row)
    before = log.state_at(name, session, since) if since >= 0 else None
    safe, where = safe_text(name, _NAME), safe_text(session or "", _NAME)
    if current is None:
        return Entry(safe, where)
    if is_gone(log, current):
        return Entry(safe, where, current.row, note="this state can no longer be read")
    old: dict[str, Any] = before.state if before is not None else {}
    if before is not None and is_gone(log, before):
        old = current.state  # nothing to compare with
    facts = [_fact(key, value, old.get(key, MISSING)) for key, value in list(current.state.items())[:_FIELDS]]
    gone = [key for key in old if key not in current.state][:_FIELDS]
    facts += [Fact("-", safe_text(key, _KEY), "gone") for key in gone]
    return Entry(safe, where, current.row, differences(old, current.state), tuple(facts))


def _fact(key: str, value: Any, old: Any) -> Fact:
    mark = ADDED if old is MISSING else " " if same(old, value) else CHANGED
    was = outline(old, _OLD) if mark == CHANGED else ""
    text = outline(value, _VALUE)
    return Fact(mark, safe_text(key, _KEY), text, "" if was == text else was)


def _facts(facts: list[Fact], width: int, *, old: bool = False, last: bool = True) -> tuple[Segments, int]:
    """As many of them as there is room for, and how many those are; with the ``old`` values of some.

    In the ``last`` line the one that does not fit is cut, and an ellipsis stands for the rest.
    """
    segments: Segments = []
    for written, fact in enumerate(facts):
        mark = "" if fact.mark == " " else fact.mark
        key = f"{mark}{fact.key}="
        before = f"{fact.old} → " if old and fact.old else ""
        least = width_of(key) + width_of(before) + (1 if last else width_of(fact.value))
        if width < least:
            if last and width > 0:
                segments.append(Segment("…", ink.dim))
            return segments, written
        shown = shorten(f"{fact.value}  ", width - width_of(key) - width_of(before))
        style = mark_style(fact.mark) if mark else ink.dim
        segments += [
            Segment(key, style),
            Segment(before, ink.dim),
            Segment(shown, style if mark else ink.plain),
        ]
        width -= width_of(key) + width_of(before) + width_of(shown)
    return segments, len(facts)
