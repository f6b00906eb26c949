"""The turns of both recordings, and how many differences each has."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from debugger.analysis.diff import Scope
from debugger.tui.diff.model import DiffView
from debugger.tui.diff.table import Moved
from debugger.tui.palette import ink
from debugger.tui.text import fit, safe_text, width_of
from debugger.tui.units import count

_SESSION = 40


class TurnColumn(ScrollView, can_focus=True, inherit_bindings=False):
    """A line for each turn. While it has the focus, moving moves between turns."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.view: DiffView | None = None
        self._scope = -1

    @property
    def room(self) -> int:
        """Cells of a line, without the scrollbar."""
        return self.scrollable_content_region.width

    def show(self, view: DiffView | None) -> None:
        """Show a comparison."""
        self.view = view
        self._scope = -1
        self.sync()

    def sync(self) -> None:
        """Show the turn that the cursor is in."""
        view = self.view
        if view is None or view.scope == self._scope:
            return
        self._scope = view.scope
        self.virtual_size = Size(self.room, len(view.diff.scopes))
        top, height = self.scroll_offset.y, max(self.size.height, 1)
        wanted = min(max(top, view.scope - height + 1), view.scope)
        if wanted != top:
            self.scroll_to(y=wanted, animate=False, force=True, immediate=True)
        self.refresh()

    def restyle(self) -> None:
        """Other colours."""
        self.refresh()

    def on_resize(self) -> None:
        """The room is another."""
        self._scope = -1
        self.sync()

    def on_focus(self) -> None:
        """Keys work here."""
        self.refresh()

    def on_blur(self) -> None:
        """Keys work elsewhere."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One turn."""
        width, number = self.room, self.scroll_offset.y + y
        view = self.view
        if view is None or number >= len(view.diff.scopes):
            return Strip.blank(width, self.rich_style)
        mark, style = self._mark(view, number)
        room = max(width - width_of(mark) - 2, 1)
        segments = [
            Segment("▌" if number == view.scope else " ", ink.accent),
            Segment(fit(turn_name(view.diff.scopes[number], width=room), room), ink.plain),
            Segment(f"{mark} ", style),
        ]
        if number == view.scope:
            cursor = ink.on_cursor if self.has_focus else ink.on_cursor_unfocused
            segments = [Segment(one.text, (one.style or ink.plain) + cursor) for one in segments]
        return Strip(segments).adjust_cell_length(width).apply_style(self.rich_style)

    def _mark(self, view: DiffView, scope: int) -> tuple[str, Style]:
        diff = view.diff
        differences, lesser = int(diff.differences[scope]), int(diff.lesser[scope])
        status = diff.status(scope)
        if status in ("only_a", "only_b"):
            only_a = status == "only_a"
            return ("- a" if only_a else "+ b"), ink.removed if only_a else ink.added
        if differences:
            return f"±{count(differences)}", ink.changed
        return (f"≈{count(lesser)}", ink.dim) if lesser else ("=", ink.dim)

    def on_click(self, event: events.Click) -> None:
        """Go to the turn."""
        if self.view is not None:
            self.view.to_turn(self.scroll_offset.y + event.y)
            self.post_message(Moved())


def turn_name(scope: Scope, *, width: int = 200) -> str:
    """What to call a turn: its number, and its session where there is room."""
    name = scope.name if scope.in_turn else "other"
    session = scope.session_a if scope.session_a is not None else scope.session_b
    if session is None:
        return name
    both = f"{name} {safe_text(session, _SESSION)}"
    return both if width_of(both) <= width else name
