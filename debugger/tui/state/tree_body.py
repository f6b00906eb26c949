"""The state of one component as a tree, and when the chosen field last changed."""

from __future__ import annotations

from typing import Final

import msgspec
from rich.segment import Segment

from debugger.log import MISSING, Change, Path, value_at
from debugger.tui.palette import ink
from debugger.tui.session import Session
from debugger.tui.state.field import Field, LastChange
from debugger.tui.state.model import Shape, StateView, TreeLine, state_view
from debugger.tui.state.paint import Segments, event_text, key_widths, last_text, paint_line, path_text
from debugger.tui.text import safe_text, shorten, value_text

BUDGET_NS: Final = 6_000_000
_PREFERRED: Final = "overseer"  # what a live view shows first: the conversation's own state machine
_COPIED: Final = 100_000


class TreeBody:
    """Shows the pinned component, or the one whose event is at the cursor."""

    span = 1

    def __init__(self, session: Session) -> None:
        self._session = session
        self._folds: dict[str, dict[Path, bool]] = {}
        self._starts: dict[str, dict[Path, int]] = {}
        self._chosen: dict[str, Path] = {}
        self._resting = ""
        self._drawn: tuple[object, ...] = ()
        self._keys: dict[int, int] = {}
        self._last = LastChange(session.log)
        self.component = ""
        self.only_changed = False
        self.base = -1
        self.line = 0
        self.view = StateView()

    def __len__(self) -> int:
        """Lines of the tree."""
        return len(self.view.lines)

    # --- following the session -----------------------------------------------------------

    def sync(self, height: int) -> bool:
        """Show the component's state at the cursor, if it is not shown already."""
        del height
        component = self._component()
        drawn = (component, self._session.cursor, self.only_changed, self.base)
        if drawn == self._drawn:
            return False
        self._drawn = drawn
        self.component = component
        return self.show()

    def show(self) -> bool:
        """Make the view anew; whether it is another one."""
        name = self.component
        self.remember()
        shape = Shape({}, self._starts.get(name, {}), self.only_changed, self.base)
        view = state_view(self._session.log, name, self._session.cursor, self._folds.get(name, {}), shape)
        if view == self.view:
            return False
        self.view = view
        self._keys = key_widths(view.lines)
        wanted = self._chosen.get(name, ())
        places = (place for place, line in enumerate(view.lines) if line.path == wanted)
        self.line = next(places, min(self.line, max(len(view.lines) - 1, 0)) if wanted else 0)
        return True

    def remember(self) -> None:
        """Keep the chosen field: the next view may have it elsewhere."""
        line = self.current
        if line is not None:
            self._chosen[self.view.of[0]] = line.path

    def _component(self) -> str:
        """The pinned one; else the cursor's while it stands still. A moving cursor would make it flicker."""
        session = self._session
        if session.component is not None:
            return session.component
        log, row = session.log, session.cursor
        if row < 0:
            return ""
        if session.following or session.playback.playing:
            with_states = log.state_components
            if self._resting not in with_states:
                self._resting = _PREFERRED if _PREFERRED in with_states else next(iter(with_states), "")
            return self._resting or log.name("component", int(log.column("component")[row]))
        self._resting = log.name("component", int(log.column("component")[row]))
        return self._resting

    # --- the chosen line -------------------------------------------------------------------

    @property
    def current(self) -> TreeLine | None:
        """The chosen line."""
        return self.view.lines[self.line] if self.line < len(self.view.lines) else None

    @property
    def field(self) -> Field | None:
        """The field of the chosen line; None where it is none."""
        line = self.current
        if line is None or line.kind == "more":
            return None
        return (*self.view.of, line.path)

    @property
    def change(self) -> Change | None:
        """When the chosen field last changed, once that is known."""
        return self._last.change

    def fold(self, path: Path, *, unfolded: bool) -> None:
        """Open or close a branch."""
        self._folds.setdefault(self.component, {})[path] = unfolded
        self.show()

    def turn_page(self, line: TreeLine) -> None:
        """Show the children that a line of what was left out stands for."""
        self._starts.setdefault(self.component, {})[line.path[:-1]] = line.start
        self.show()

    def advance(self) -> bool:
        """Look for the last change of the chosen field."""
        self._last.ask(self.field, self.view.row)
        return self._last.advance(self._session.clock, BUDGET_NS)

    # --- painting ----------------------------------------------------------------------------

    def top(self, width: int, height: int) -> list[Segments]:
        """What could not be compared."""
        del height
        note = self.view.note
        return [[Segment(shorten(f" {note}", width), ink.warn)]] if note and self.view.lines else []

    def paint(self, number: int, part: int, width: int) -> Segments:
        """A line of the tree."""
        del part
        return paint_line(self.view.lines[number], width, self._keys)

    def bottom(self, width: int) -> Segments:
        """When the chosen field last changed, and who did it."""
        if self.field is None:
            return []
        self._last.ask(self.field, self.view.row)
        if self._last.searching:
            part = self._last.progress
            text = f"last changed … {part:.0%}" if part else "last changed …"
        else:
            text = last_text(self._session.log, self._last.change)
        return [Segment(shorten(f"  {text}", width), ink.accent)]

    @property
    def empty(self) -> str:
        """Why there is nothing."""
        if self._session.cursor < 0:
            return "no events yet"
        if self.view.note:
            return self.view.note
        if self.view.row >= 0:
            return "nothing changed" if self.only_changed else "an empty state"
        if not self.view.component:
            return "this event has no component"
        return f"{self.view.component} has told no state up to here"

    @property
    def titles(self) -> tuple[str, str]:
        """The component; what changed, and which snapshot it is."""
        session, view = self._session, self.view
        title = f" · {view.component}" if view.component else ""
        title += " · pinned" if session.component is not None else ""
        title += " · changes" if self.only_changed else ""
        if view.row < 0:
            return title, ""
        changed = f"{view.changes:,} changed · " if view.changes else ""
        since = f"since {event_text(session.log, self.base)} · " if self.base >= 0 else ""
        where = f"{view.session} " if view.session else ""
        return title, f"{changed}{since}{where}{event_text(session.log, view.row)}"

    @property
    def copied(self) -> str:
        """The chosen field's path and value, whole."""
        line, view = self.current, self.view
        if line is None or line.kind == "more":
            return ""
        found = self._session.log.state_at(*view.of, view.row)
        value = value_at(found.state, line.path) if found is not None else MISSING
        if value is MISSING:
            return f"{path_text(line.path)} is gone, was {line.value}"
        try:
            text = safe_text(msgspec.json.encode(value).decode(), _COPIED)
        except (msgspec.EncodeError, ValueError, OverflowError, RecursionError):
            text = value_text(value, _COPIED)
        return f"{path_text(line.path)} = {text}"
