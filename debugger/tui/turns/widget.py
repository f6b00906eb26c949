"""The pane of turns: a line each, and under them where the time went."""

from __future__ import annotations

from typing import Final

from rich.segment import Segment
from textual import events
from textual.cache import LRUCache
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from debugger.analysis.turns import HandlerTime, HandlerTimes, Turn, TurnIndex
from debugger.tui import units
from debugger.tui.keys import Where, bindings
from debugger.tui.lines import LineList
from debugger.tui.palette import ink
from debugger.tui.scrolling import set_extent
from debugger.tui.session import Session
from debugger.tui.text import shorten, width_of
from debugger.tui.turns.detail import DETAILS, DetailLine, Shown, detail_lines
from debugger.tui.turns.model import Measures, Order, TurnLine, turn_line
from debugger.tui.turns.paint import Layout, Looks, layout, paint_head, paint_line

BUDGET_NS: Final = 8_000_000
_SPARE_SECONDS: Final = 0.02
"""While turns are behind a long log, how often they go on in between: for a third of the time, some."""

_HANDLERS_BUDGET_NS: Final = 4_000_000
_HANDLERS_EVERY_NS: Final = 500_000_000

_HEAD_FROM: Final = 8  # lines of the pane from which on there are titles
_DETAIL_FROM: Final = 9
_LEAST_DETAIL, _MOST_DETAIL = 4, 13
_CACHED: Final = 256


class TurnList(LineList):
    """A line a turn. The pane has a line of its own, which is on the cursor's turn when that changes."""

    BINDINGS = bindings(Where.TURNS)

    class Moved(Message):
        """The cursor was moved from here, or something is followed: other panes are to look."""

    def __init__(self, session: Session, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._session = session
        self.index: Final = TurnIndex(session.log)
        self._order = Order(self.index)
        self._measures = Measures(self.index, session.clock)
        self._handler_times = HandlerTimes(session.log)
        self._handlers: tuple[HandlerTime, ...] = ()
        self._handlers_as_of = (-1, 0)
        self._detail = DETAILS[0]
        self._at_cursor: int | None = None
        self._dropped = 0
        self._drawn: tuple[object, ...] = ()
        self._lines: LRUCache[int, tuple[Turn, TurnLine]] = LRUCache(_CACHED)
        self._strip_of: tuple[tuple[object, ...], list[DetailLine]] = ((), [])
        self._laid_out: tuple[tuple[int, ...], Layout] = ((), layout(0, 0))

    @property
    def titles(self) -> tuple[str, str]:
        """How many turns, in which order; percentiles of what the user waits."""
        count = len(self.index)
        title = "5 Turns" + (f" · {count:,}" if count else "") + ("" if self.index.complete else " …")
        if self._order.slowest_first:
            title += " · slowest first"
        total, summary = self._measures.summary.total, self._measures.summary
        if total.p50_ns is None or total.p95_ns is None:
            return title, ""
        told = f"p50 {units.span(total.p50_ns)} · p95 {units.span(total.p95_ns)}"
        return title, f"{told} · {summary.counted:,} of {summary.turns:,} counted"

    @property
    def key_labels(self) -> dict[str, str]:
        """As of `KeyBar`."""
        turn, session = self._chosen(), self._session
        followed = turn is not None and session.followed is not None and session.belongs(turn.first_row)
        return {
            "turns.follow": "unfollow" if followed else "follow",
            "turns.order": "by time" if self._order.slowest_first else "slowest",
        }

    # --- following the session ------------------------------------------------------------

    def on_mount(self) -> None:
        """The timer for spare time exists from the beginning, and sleeps."""
        self._spare = self.set_interval(_SPARE_SECONDS, self._catch_up, pause=True)

    def _catch_up(self) -> None:
        """Look at more of the log; what was found is painted by the next `sync`."""
        if not self._session.rush.left:
            self.index.advance(self._session.clock, BUDGET_NS)
        if self.index.complete:
            self._spare.pause()

    def sync(self) -> None:
        """Take in what is new, and repaint what is different."""
        session = self._session
        if not session.rush.left:
            self.index.advance(session.clock, BUDGET_NS)
        if not self.index.complete:
            self._spare.resume()
        self._order.update(session.clock())
        if self._dropped != self.index.dropped:
            self._follow_dropped()
        self._measures.update()
        if self._detail == "handlers":
            self._look_at_handlers()
        here = self.index.turn_at(session.cursor)
        if here != self._at_cursor:
            self._at_cursor = here
            if here is not None:
                self._to_turn(here)
        if self.virtual_size.height != len(self._order):
            set_extent(self, Size(self.room, len(self._order)))
        drawn = self._picture()
        if drawn != self._drawn:
            self._drawn = drawn
            self.refresh()

    def _follow_dropped(self) -> None:
        """The oldest turns are gone: the line stays on its turn."""
        count, self._dropped = self.index.dropped - self._dropped, self.index.dropped
        self._lines.clear()
        self._at_cursor = None
        self.to(self.line if self._order.slowest_first else self.line - count)

    def restyle(self) -> None:
        """Paint everything anew: the theme is another one."""
        self._strip_of = ((), [])
        self.refresh()

    def _picture(self) -> tuple[object, ...]:
        """All that the pane shows depends on."""
        visible = tuple(map(self._turn_line, self._visible))
        measured = (self._measures.scale_ns, self._measures.summary if self._detail_height else None)
        turn = self._chosen() if self._detail_height else None
        session = self._session
        return (visible, self.line, self._at_cursor, session.followed, measured, turn, self._handlers)

    def _look_at_handlers(self) -> None:
        session = self._session
        self._handler_times.advance(session.clock, _HANDLERS_BUDGET_NS)
        version, at = self._handlers_as_of
        now = session.clock()
        if version != self._handler_times.version and (version < 0 or now - at >= _HANDLERS_EVERY_NS):
            self._handlers_as_of = (self._handler_times.version, now)
            self._handlers = tuple(self._handler_times.times()[:_MOST_DETAIL])

    def _chosen(self) -> Turn | None:
        return self.index.turn(self._order.turn(self.line)) if self.line < len(self._order) else None

    # --- geometry -------------------------------------------------------------------------------

    @property
    def _head(self) -> int:
        return 1 if self.size.height >= _HEAD_FROM else 0

    @property
    def _detail_height(self) -> int:
        """Half of the pane, or what a short list leaves; nothing where that is too little to be of use."""
        height = self.size.height
        spare = height - self._head - len(self._order)
        wanted = max(spare, height // 2 if height >= _DETAIL_FROM else 0)
        return min(wanted, _MOST_DETAIL) if wanted >= _LEAST_DETAIL else 0

    @property
    def count(self) -> int:
        """As of `LineList`."""
        return len(self._order)

    @property
    def body(self) -> int:
        """As of `LineList`."""
        return max(self.size.height - self._head - self._detail_height, 1)

    # --- painting -------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """One line of the pane."""
        width, body = self.room, y - self._head
        if not len(self._order):
            text = " no turns yet" if self.index.complete else " looking for turns …"
            return self._strip([Segment(shorten(text, width) if y == 0 else "", ink.dim)])
        if body < 0:
            return self._strip(paint_head(self._columns(), self._measures.scale_ns))
        if body >= self.body:
            lines = self._details()
            number = body - self.body
            return self._strip(lines[number].segments if number < len(lines) else [])
        number = self.scroll_offset.y + body
        if number >= len(self._order):
            return Strip.blank(width, self.rich_style)
        return self._strip(self._paint(number))

    def _paint(self, number: int) -> list[Segment]:
        index = self._order.turn(number)
        looks = Looks(
            at_cursor=index == self._at_cursor,
            chosen=number == self.line,
            focused=self.has_focus,
            dimmed=not self._session.belongs(self.index.first_row(index)),
        )
        return paint_line(self._turn_line(number), self._columns(), self._measures.scale_ns, looks)

    @property
    def _visible(self) -> range:
        top = self.scroll_offset.y
        return range(min(top, len(self._order)), min(top + self.body, len(self._order)))

    def _turn_line(self, number: int) -> TurnLine:
        index = self._order.turn(number)
        turn = self.index.turn(index)
        kept = self._lines.get(index)
        if kept is None or kept[0] is not turn:
            kept = self._lines[index] = (turn, turn_line(turn))
        return kept[1]

    def _columns(self) -> Layout:
        """As wide as the labels on the screen need."""
        shown, width = self._visible, self.room
        key = (shown.start, shown.stop, width, self.index.version, self._order.slowest_first)
        if self._laid_out[0] != key:
            longest = max((width_of(self._turn_line(line).label) for line in shown), default=0)
            self._laid_out = (key, layout(width, longest))
        return self._laid_out[1]

    def _details(self) -> list[DetailLine]:
        turn, width, height = self._chosen(), self.room, self._detail_height
        shown = Shown(self._detail, turn, self._measures.summary, self._handlers)
        key = (shown, width, height)
        if self._strip_of[0] != key:
            self._strip_of = (key, detail_lines(shown, width, height))
        return self._strip_of[1]

    def _strip(self, segments: list[Segment]) -> Strip:
        return Strip(segments).adjust_cell_length(self.room).apply_style(self.rich_style)

    # --- keys and mouse ------------------------------------------------------------------------------

    def _to_turn(self, turn: int) -> None:
        number = self._order.line(turn)
        if number is not None:
            self.to(number)

    def action_go(self) -> None:
        """The cursor to the first event of the turn."""
        turn = self._chosen()
        self._jump(None if turn is None else turn.first_row)

    def action_why(self) -> None:
        """The cursor to the event that shows how the turn ended; its cause is why."""
        turn = self._chosen()
        self._jump(None if turn is None else turn.status_row, "nothing shows yet how this turn ended")
        if turn is not None and turn.reason:
            self._session.say(f"{turn.status}: {turn.reason}")
            self._moved()

    def action_milestone(self, direction: int) -> None:
        """The cursor to the next milestone of the turn, in the order of events; from outside, to an end."""
        turn = self._chosen()
        if turn is None:
            self._session.say("there is no turn yet")
            return
        rows = sorted({milestone.row for milestone in turn.milestones.values()})
        cursor = self._session.cursor
        if self.index.turn_at(cursor) == self._order.turn(self.line):
            ahead = [row for row in rows if (row > cursor if direction > 0 else row < cursor)]
        else:
            ahead = rows
        found = (ahead[0] if direction > 0 else ahead[-1]) if ahead else None
        self._jump(found, "no further milestone in this turn")

    def action_follow(self) -> None:
        """Follow the turn through all panes; when it is followed already, no longer."""
        turn, session = self._chosen(), self._session
        if turn is None:
            session.say("there is no turn yet")
            return
        if self.index.turn_at(session.cursor) != self._order.turn(self.line):
            if session.followed is not None and not session.belongs(turn.first_row):
                session.followed = None
            session.jump(turn.first_row, "")
        session.follow_turn()
        self._moved()

    def action_order(self) -> None:
        """The slowest first, or in the order of time; the pane's line stays on its turn."""
        turn = self._order.turn(self.line) if self.line < len(self._order) else None
        self._order.toggle(self._session.clock())
        if turn is not None:
            self._to_turn(turn)
        self.refresh()

    def action_detail(self) -> None:
        """The next of the details."""
        self._detail = DETAILS[(DETAILS.index(self._detail) + 1) % len(DETAILS)]
        if not self._detail_height:
            self._session.say(f"{self._detail}: the pane is too low to show it")
        self.sync()
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """To the turn, or the milestone, that one clicked on; on the strip's title: its next detail."""
        body = event.y - self._head
        if body >= self.body and len(self._order):
            self._click_detail(body - self.body)
        elif body >= 0 and self.scroll_offset.y + body < len(self._order):
            self.to(self.scroll_offset.y + body)
            self.action_go()

    def _click_detail(self, number: int) -> None:
        lines = self._details()
        if number == 0:
            self.action_detail()
        elif number < len(lines) and lines[number].row is not None:
            self._jump(lines[number].row)

    def _jump(self, row: int | None, otherwise: str = "there is no turn yet") -> None:
        self._session.jump(row, otherwise)
        self._moved()

    def _moved(self) -> None:
        self.post_message(self.Moved())
        self.sync()
