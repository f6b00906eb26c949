"""The event table: a window on the log's columns. Only lines on the screen are ever made."""

from __future__ import annotations

from typing import Final

from rich.segment import Segment
from textual import events
from textual.cache import LRUCache
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from debugger.tui.events.model import EventRow, columns_for, describe
from debugger.tui.events.paint import Looks, paint_head, paint_row
from debugger.tui.keys import Where, bindings, current
from debugger.tui.palette import ink
from debugger.tui.scrolling import set_extent
from debugger.tui.session import Mode, Session
from debugger.tui.text import fit, safe_text

_CACHED: Final = 160  # lines: three screens of them
_MARGIN: Final = 2  # lines kept in view around the cursor


class EventTable(ScrollView, can_focus=True, inherit_bindings=False):
    """Paints the shown rows; the cursor is the session's. Line 0 of the widget holds the titles."""

    BINDINGS = bindings(Where.EVENTS)

    class Picked(Message):
        """A line was clicked; ``again``: it was the cursor's already; ``extend``: up to here is selected."""

        def __init__(self, row: int, *, again: bool, extend: bool) -> None:
            super().__init__()
            self.row = row
            self.again = again
            self.extend = extend

    def __init__(self, session: Session, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._session = session
        self._shown = session.shown
        self._dropped = 0
        self._cursor = -2
        self._turn = (0, 0)
        self._lines: LRUCache[tuple[int, int, Looks], Strip] = LRUCache(_CACHED)
        self._matching: LRUCache[int, bool] = LRUCache(_CACHED)
        self._outlook: tuple[object, ...] = ()
        self._columns: tuple[str, ...] = ()
        self._described: LRUCache[tuple[int, int], EventRow] = LRUCache(_CACHED)
        self._placed = False  # whether the cursor's row was looked at when the table went there
        self._empty = ""
        self._covered = 0  # lines at the end that are behind something

    # --- as of every pane -----------------------------------------------------------------

    @property
    def titles(self) -> tuple[str, str]:
        """The filter, and the place of the cursor among what it shows."""
        session = self._session
        title = "3 Events"
        if session.filter_text:
            more = "" if session.shown.complete else " …"
            title += f" · {safe_text(session.filter_text, 60)}{more}"
        if session.search is not None:
            more = "" if session.search.rows.complete else "+"
            title += f" · \\ {safe_text(session.search.text, 40)}: {len(session.search.rows):,}{more}"
        if session.selection is not None:
            title += f" · {len(session.selected_rows()):,} selected"
        position = session.shown.position(session.cursor)
        hidden = position >= 0 and session.shown.row(position) != session.cursor
        return title, f"{'after ' if hidden else ''}{position + 1:,} of {len(session.shown):,}"

    def restyle(self) -> None:
        """Paint all lines anew."""
        self._lines.clear()
        self.refresh()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that were chosen; none: what suits the width."""
        return self._columns

    @columns.setter
    def columns(self, chosen: tuple[str, ...]) -> None:
        self._columns = chosen
        self.restyle()

    # --- following the session ---------------------------------------------------------

    def sync(self) -> None:
        """Look at the session, and repaint what changed in it."""
        session = self._session
        if session.shown is not self._shown:
            self._shown = session.shown
            self._dropped = session.shown.dropped
            self._cursor = -2
            self._lines.clear()
            self._described.clear()
            self.refresh()
        outlook = (session.search, session.followed, session.notes.marks, session.selection)
        if outlook != self._outlook:
            if not self._outlook or self._outlook[0] is not session.search:
                self._matching.clear()
            self._outlook = outlook
            self.refresh()
        count = len(self._shown)
        empty = "" if count else self._why_empty()
        if empty != self._empty:
            self._empty = empty
            self.refresh()
        if self.virtual_size.height != count:
            before = self.virtual_size.height
            set_extent(self, Size(self.size.width, count))
            self._refresh_lines(before, count)
        if self._shown.dropped != self._dropped:
            self._go_up(self._shown.dropped - self._dropped)
        cursor = session.cursor
        if cursor != self._cursor:
            self._move(cursor)
        elif not self._placed and self._shown.looked_at > cursor:
            self._placed = True
            self._keep_in_view(centred=True)
        elif session.following:
            self._keep_in_view()

    def _go_up(self, lines: int) -> None:
        """The first lines are forgotten: the others stay where they are on the screen."""
        self._dropped += lines
        self.scroll_to(y=max(self.scroll_offset.y - lines, 0), animate=False, force=True, immediate=True)
        self.refresh()

    def _why_empty(self) -> str:
        """What to say where no event is shown."""
        session = self._session
        if not len(session.log):
            waiting = session.mode is Mode.LIVE or session.progress is not None
            return "no events yet" if waiting else "no events in this recording"
        if not session.shown.complete:
            return "no match so far …"
        keys = {name: current.named(f"find.{name}") for name in ("clear_filter", "filter")}
        clear, change = (row.cap if row is not None else "" for row in keys.values())
        ways = [
            f"{key} {does}" for key, does in ((clear, "shows all"), (change, "changes the filter")) if key
        ]
        return " · ".join(["no event passes the filter", *ways])

    def _move(self, cursor: int) -> None:
        old_line, old_turn, first = self._shown.position(self._cursor), self._turn, self._cursor < 0
        self._cursor = cursor
        self._turn = self._turn_of(cursor)
        self._placed = self._shown.looked_at > cursor
        self._keep_in_view(centred=first)
        if self._turn != old_turn:
            self.refresh()
            return
        for line in (old_line, self._shown.position(cursor)):
            self._refresh_lines(line, line + 1)

    def _turn_of(self, row: int) -> tuple[int, int]:
        log = self._session.log
        if row < 0:
            return (0, 0)
        return int(log.column("session")[row]), int(log.column("turn")[row])

    def _refresh_lines(self, start: int, stop: int) -> None:
        top = self.scroll_offset.y
        first, last = max(start - top, 0), min(stop - top, self._body_height)
        if first < last:
            self.refresh(Region(0, first + 1, self.size.width, last - first))

    @property
    def _body_height(self) -> int:
        return max(self.size.height - 1, 1)

    @property
    def page(self) -> int:
        """Rows that a page key moves."""
        return max(self._body_height - 1, 1)

    def cover(self, lines: int) -> None:
        """The last `lines` are behind something: what one looks for is kept above it."""
        lines = min(max(lines, 0), self._body_height - 1)
        if lines != self._covered:
            self._covered = lines
            self._keep_in_view()

    def _keep_in_view(self, *, centred: bool = False) -> None:
        line, height = self._shown.position(self._cursor), self._body_height - self._covered
        top = self.scroll_offset.y
        if self._session.following:
            wanted = len(self._shown) - height
        elif centred:
            wanted = line - height // 2
        else:
            margin = min(_MARGIN, (height - 1) // 2)
            wanted = min(max(top, line + margin - height + 1), line - margin)
        wanted = min(max(wanted, 0), max(len(self._shown) - height, 0))
        if wanted != top:
            self.scroll_to(y=wanted, animate=False, force=True, immediate=True)

    # --- geometry: the title line takes one row of the widget ---------------------------

    @property
    def max_scroll_y(self) -> int:
        """As in `ScrollView`, one line less for the titles."""
        return max(0, self.virtual_size.height - self._body_height + self._covered)

    def on_resize(self, event: events.Resize) -> None:
        """Lines are made anew for the new width; the cursor is in the middle, whatever sizes were before."""
        del event
        self._lines.clear()
        self.virtual_size = Size(self.size.width, len(self._shown))
        self._keep_in_view(centred=True)
        self.refresh()

    # --- painting -----------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """One line of the widget."""
        width = self.size.width
        columns = columns_for(width, self._columns)
        if y == 0:
            return self._strip(paint_head(columns))
        position = self.scroll_offset.y + y - 1
        if not 0 <= position < len(self._shown):
            text = fit(f"  {self._empty}", width) if self._empty and y == 1 else ""
            return self._strip([Segment(text, ink.dim)])
        row = self._shown.row(position)
        event = self._event(row, self._shown.row(position - 1) if position else -1)
        here = position == self._shown.position(self._cursor)
        looks = self._looks(row, event, at_cursor=here and row == self._cursor)
        if here and row != self._cursor:  # the filter hides the cursor's event, which is behind this one
            looks = looks._replace(before_cursor=True)
        strip = self._lines.get((row, width, looks))
        if strip is None:
            strip = self._lines[row, width, looks] = self._strip(paint_row(event, columns, looks))
        return strip

    def _looks(self, row: int, event: EventRow, *, at_cursor: bool) -> Looks:
        session = self._session
        selection = session.selection
        return Looks(
            at_cursor=at_cursor,
            focused=self.has_focus and at_cursor,
            same_turn=event.turn == self._turn and event.turn[1] >= 0,
            matches=session.search is not None and self._matches(row),
            selected=selection is not None and selection.low <= row <= selection.high,
            marked=session.notes.at(row) is not None,
            dimmed=not session.belongs(row),
        )

    def _matches(self, row: int) -> bool:
        search = self._session.search
        matches = self._matching.get(row)
        if matches is None:
            matches = self._matching[row] = search is not None and search.query.test(self._session.log, row)
        return matches

    def _event(self, row: int, before: int) -> EventRow:
        event = self._described.get((row, before))
        if event is None:
            event = self._described[row, before] = describe(self._session.log, row, before)
        return event

    def _strip(self, segments: list[Segment]) -> Strip:
        return Strip(segments).adjust_cell_length(self.size.width).apply_style(self.rich_style)

    # --- mouse and focus -------------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where one clicked."""
        position = self.scroll_offset.y + event.y - 1
        if event.y >= 1 and position < len(self._shown):
            row = self._shown.row(position)
            again = row == self._session.cursor
            self.post_message(self.Picked(row, again=again and not event.shift, extend=event.shift))

    def on_mouse_scroll_up(self) -> None:
        """Looking back pauses a live view; else it would jump to the end at once."""
        if self._session.following:
            self._session.toggle_play()

    def on_focus(self) -> None:
        """The cursor's line looks different."""
        self.refresh()

    def on_blur(self) -> None:
        """The cursor's line looks different."""
        self.refresh()
