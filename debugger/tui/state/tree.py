"""The state pane: a tree of one snapshot, opened where one asks for it."""

from __future__ import annotations

from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from debugger.tui.keys import Where, bindings
from debugger.tui.palette import ink
from debugger.tui.session import Session
from debugger.tui.state.model import Path, StateView, TreeLine, state_view
from debugger.tui.text import shorten, width_of

_BOLD = Style(bold=True)
_INDENT = 2
_MARGIN = 6  # mark, fold, and the space between key and value
_LEAST_VALUE = 6
_WIDEST_KEY = 22  # values of one level stand under each other up to this
_PREFERRED: Final = "overseer"  # what a live view shows first: the conversation's own state machine


class StateTree(ScrollView, can_focus=True, inherit_bindings=False):
    """Paints the state of the pinned component, or of the one whose event is at the cursor."""

    BINDINGS = bindings(Where.STATE)

    class Changed(Message):
        """Another component or snapshot is shown: the pane's title is to say so."""

    def __init__(self, session: Session, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._session = session
        self._folds: dict[str, dict[Path, bool]] = {}
        self._resting = ""
        self._drawn: tuple[str, int] = ("", -2)
        self._line = 0
        self._keys: dict[int, int] = {}
        self.view = StateView()

    # --- following the session ----------------------------------------------------------

    def sync(self) -> None:
        """Show the component's state at the cursor, if it is not shown already."""
        drawn = (self._component(), self._session.cursor)
        if drawn != self._drawn:
            self._drawn = drawn
            self._show(drawn[0])

    def _component(self) -> str:
        """The pinned one; else the cursor's while it stands still. A moving cursor would make it flicker."""
        session = self._session
        if session.component is not None:
            return session.component
        log, row = session.log, session.cursor
        if row < 0:
            return ""
        if session.following or session.playback.playing:
            if not log.state_sessions(self._resting):
                self._resting = next((name for name in self._candidates() if log.state_sessions(name)), "")
            return self._resting or log.name("component", int(log.column("component")[row]))
        self._resting = log.name("component", int(log.column("component")[row]))
        return self._resting

    def _candidates(self) -> tuple[str, ...]:
        return (_PREFERRED, *self._session.log.topology.components)

    def _show(self, component: str) -> None:
        view = state_view(self._session.log, component, self._session.cursor, self._folds.get(component, {}))
        if view == self.view:
            return
        if view.component != self.view.component:
            self._line = 0
            self.scroll_to(y=0, animate=False, force=True, immediate=True)
        self.view = view
        self._line = min(self._line, max(len(view.lines) - 1, 0))
        self._keys = _key_widths(view.lines)
        self.virtual_size = Size(self.size.width, len(view.lines))
        self.post_message(self.Changed())
        self.refresh()

    # --- painting ----------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """One line of the tree."""
        width, number = self.size.width, self.scroll_offset.y + y
        if not self.view.lines:
            text = self._nothing() if y == 0 else ""
            return self._strip([Segment(shorten(text, width), ink.dim)])
        if number >= len(self.view.lines):
            return Strip.blank(width, self.rich_style)
        line = self.view.lines[number]
        strip = self._strip(self._paint(line, width))
        return strip.apply_style(ink.on_cursor) if number == self._line and self.has_focus else strip

    def _nothing(self) -> str:
        if self._session.cursor < 0:
            return " no events yet"
        return f" {self.view.component} has told no state up to here"

    def _paint(self, line: TreeLine, width: int) -> list[Segment]:
        mark = _mark_style(line.mark)
        fold = {None: " ", True: "▾", False: "▸"}[line.open]
        indent = " " * (_INDENT * line.depth)
        key = shorten(line.key, max(width // 2, 4))
        padding = " " * max(self._keys.get(line.depth, 0) - len(line.key), 0)
        changed = line.mark != " " and line.kind != "container"
        value = mark + _BOLD if changed and line.mark != "-" else _value_style(line.kind)
        was = f"  was {line.old}" if line.old else ""
        room = width - _MARGIN - len(indent) - width_of(key) - len(padding) - min(width_of(was), width // 3)
        segments = [
            Segment(f"{line.mark} ", mark + _BOLD),
            Segment(f"{indent}{fold} ", ink.dimmer),
            Segment(key, mark if line.mark != " " else ink.dim),
            Segment(f"{padding}  ", ink.plain),
            Segment(shorten(line.value, max(room, _LEAST_VALUE)), value),
        ]
        if was:
            segments.append(Segment(was, ink.dim))
        return segments

    def _strip(self, segments: list[Segment]) -> Strip:
        return Strip(segments).adjust_cell_length(self.size.width).apply_style(self.rich_style)

    def on_resize(self) -> None:
        """The lines are as many, the width is not."""
        self.virtual_size = Size(self.size.width, len(self.view.lines))
        self.refresh()

    def on_focus(self) -> None:
        """The line that keys work on is seen."""
        self.refresh()

    def on_blur(self) -> None:
        """The line that keys work on is no longer seen."""
        self.refresh()

    # --- keys and mouse ------------------------------------------------------------------------

    def action_line(self, step: int) -> None:
        """Another line."""
        self._to(self._line + step)

    def _to(self, number: int) -> None:
        self._line = min(max(number, 0), max(len(self.view.lines) - 1, 0))
        top, height = self.scroll_offset.y, self.size.height
        wanted = min(max(top, self._line - height + 1), self._line)
        if wanted != top:
            self.scroll_to(y=wanted, animate=False, force=True, immediate=True)
        self.refresh()

    def action_unfold(self) -> None:
        """Open the line's branch, or close it if it is open."""
        line = self._current()
        if line is not None and line.open is not None:
            self._fold(line.path, unfolded=not line.open)

    def action_fold(self) -> None:
        """Close the line's branch; on a leaf, go to the branch it is on."""
        line = self._current()
        if line is None:
            return
        if line.open:
            self._fold(line.path, unfolded=False)
            return
        paths = [one.path for one in self.view.lines]
        if line.path[:-1] in paths:
            self._to(paths.index(line.path[:-1]))

    def _current(self) -> TreeLine | None:
        return self.view.lines[self._line] if self._line < len(self.view.lines) else None

    def _fold(self, path: Path, *, unfolded: bool) -> None:
        component = self._drawn[0]
        self._folds.setdefault(component, {})[path] = unfolded
        self._show(component)

    def on_click(self, event: events.Click) -> None:
        """Open or close what one clicked on."""
        number = self.scroll_offset.y + event.y
        if number < len(self.view.lines):
            self._to(number)
            self.action_unfold()


def _mark_style(mark: str) -> Style:
    return {"~": ink.changed, "+": ink.added, "-": ink.removed}.get(mark, ink.plain)


def _value_style(kind: str) -> Style:
    return {
        "number": ink.number,
        "word": ink.word,
        "container": ink.dimmer,
        "more": ink.dim,
        "gone": ink.removed + Style(strike=True),
    }.get(kind, ink.plain)


def _key_widths(lines: tuple[TreeLine, ...]) -> dict[int, int]:
    """How wide the keys of each depth are, so that values stand under each other."""
    widths: dict[int, int] = {}
    for line in lines:
        if line.kind != "container" and len(line.key) <= _WIDEST_KEY:
            widths[line.depth] = max(widths.get(line.depth, 0), len(line.key))
    return widths
