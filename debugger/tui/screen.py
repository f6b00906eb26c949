"""The main screen: the panes on one session, and the lines under them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import msgspec
from textual import events
from textual.actions import parse
from textual.app import ComposeResult
from textual.binding import Binding
from textual.message import Message
from textual.widget import Widget

from debugger.tui.actions.finding import Finding
from debugger.tui.actions.moving import Moving
from debugger.tui.control.actions import Holding
from debugger.tui.control.widget import HeldList
from debugger.tui.events.chooser import ColumnChooser
from debugger.tui.events.table import EventTable
from debugger.tui.findings.widget import FindingList
from debugger.tui.graph.widget import ComponentGraph
from debugger.tui.help.screen import HelpScreen
from debugger.tui.keys import APP, FOCUSING, bindings, current
from debugger.tui.panes.area import PaneArea
from debugger.tui.panes.arrangement import HELD, Arrangement
from debugger.tui.panes.pane import Pane, PaneWidget
from debugger.tui.query_line.purpose import Filtering, Purpose, Saving
from debugger.tui.query_line.widget import QueryLine
from debugger.tui.rests import Rests
from debugger.tui.scrubber.widget import Scrubber
from debugger.tui.session import Session
from debugger.tui.state.tree import StateTree
from debugger.tui.status.lines import KeyBar, StatusLine
from debugger.tui.timeline.widget import Timeline
from debugger.tui.turns.widget import TurnList

_TINY_HEIGHT: Final = 16
_NARROW_WIDTH, _LOW_HEIGHT = 100, 28  # below it, panes have no frame but a line over them


class MainScreen(Moving, Finding, Holding):
    """All panes look at one `Session`; `sync` brings them up to date with it."""

    class QueryNamed(Message):
        """A query is to be kept under a name."""

        def __init__(self, name: str, text: str) -> None:
            super().__init__()
            self.name = name
            self.text = text

    class Chosen(Message):
        """Something was chosen that is to be remembered: a field of `Settings`, and its value."""

        def __init__(self, field: str, value: Any) -> None:
            super().__init__()
            self.field = field
            self.value = value

    class Behind(Message):
        """The other panes are not up to date yet: `steps` are to be taken."""

    BINDINGS = bindings(*APP)
    AUTO_FOCUS = "EventTable"

    def __init__(self, session: Session, arrangement: Arrangement | None = None) -> None:
        super().__init__()
        self.session = session
        graph, timeline = ComponentGraph(session, id="graph"), Timeline(session, id="timeline")
        table, state = EventTable(session, id="events"), StateTree(session, id="state")
        turns, findings = TurnList(session, id="turns"), FindingList(session, id="findings")
        self._findings = findings
        self.events = table
        parts = (graph, timeline, table, state, turns, findings)
        self._views: dict[str, PaneWidget] = {str(part.id): part for part in parts}
        self.panes: dict[str, Widget] = {str(part.id): part for part in parts}
        if session.control is not None:
            held = HeldList(session, session.control, id=HELD)
            self._views[HELD] = self.panes[HELD] = held
        frames = [Pane(name, widget) for name, widget in self.panes.items()]
        self.area = PaneArea(*frames, arrangement=arrangement or Arrangement())
        self.rests = Rests()
        self._query = QueryLine(session, id="query")
        self._status = StatusLine(session, id="status")
        self._lines = (
            Scrubber(session, findings.index, id="scrubber"),
            self._status,
            KeyBar(session, id="keys"),
        )

    def compose(self) -> ComposeResult:
        """The panes, the line that is typed in, and three lines at the bottom."""
        yield self.area
        yield self._query
        yield from self._lines

    def on_resize(self, event: events.Resize) -> None:
        """A tiny screen has no scrubber and no key bar."""
        self.set_class(event.size.height < _TINY_HEIGHT, "-tiny")
        self.set_class(event.size.width < _NARROW_WIDTH or event.size.height < _LOW_HEIGHT, "-narrow")

    @property
    def keys_wait(self) -> bool:
        """As of `PaintingScreen`."""
        return self.session.rush.unseen

    # --- bringing the panes up to date -------------------------------------------

    def sync(self) -> None:
        """Show the session as it is now; panes repaint only what is different.

        Whoever pressed a key looks at the focused pane and the status line: those are painted first.
        Nobody waits for the others where there is no terminal.
        """
        focused = next((frame for frame in self.area.frames() if frame.has_focus_within), None)
        if focused is not None and focused.display and self.is_running:
            with self.rests.taken(focused.pane, len(self.session.log)):
                self._views[focused.pane].sync()
            self._sync_status()
            self.paint((self.panes[focused.pane], self._status))
        self.session.rush.end()
        if self.app.is_headless:
            for step in self.steps():
                step()
        else:
            self.post_message(self.Behind())

    def _sync_status(self) -> None:
        self._status.tells_event = "events" not in self.area.arrangement.regions(self.area.size)
        self._status.sync()

    def steps(self) -> list[Callable[[], None]]:
        """What `sync` does, one pane after the other: a key need not wait for the end of it."""
        arrangement, size = self.area.arrangement, self.area.size
        regions, sharing = arrangement.regions(size), arrangement.sharing(size)

        def sync_pane(frame: Pane) -> None:
            if not self.is_running:
                return  # a last tick may come while the screen closes
            if frame.display:
                rows = len(self.session.log)
                if not self.app.is_headless and not self.rests.due(frame.pane, rows):
                    return
                view = self._views[frame.pane]
                with self.rests.taken(frame.pane, rows):
                    view.sync()
                width = regions[frame.pane].width if frame.pane in regions else 0
                frame.retitle(*view.titles, sharing.get(frame.pane, ()), width)
                return
            self.rests.hidden(frame.pane)
            if frame.pane == "findings":
                self._findings.look()  # for the scrubber

        def sync_lines() -> None:
            if not self.is_running:
                return
            self._query.sync()
            self._keep_above()
            self._sync_status()
            for line in self._lines:
                line.sync()
            self.paint(self._lines)

        both = sync_pane, self._paint_pane  # not in one: a key may have come in between
        panes = [partial(step, frame) for frame in self.area.frames() for step in both]
        return [*panes, sync_lines]

    def _paint_pane(self, frame: Pane) -> None:
        if self.is_running and frame.display:
            self.paint((frame, self.panes[frame.pane]))

    @property
    def key_labels(self) -> dict[str, str]:
        """As of `KeyBar`."""
        return {"app.maximise": "all panes" if self.area.arrangement.maximised else "zoom"}

    def restyle(self) -> None:
        """Paint everything anew: the theme is another one."""
        for view in self._views.values():
            view.restyle()
        self._query.restyle()
        for line in self._lines:
            line.restyle()

    def page_rows(self) -> int:
        """Rows that a page key moves."""
        return self.events.page

    # --- the query line ----------------------------------------------------------

    def ask(self, purpose: Purpose, text: str | None = None) -> None:
        """Open the line that is typed in."""
        self._query.begin(purpose, text)
        self._keep_above()

    def _keep_above(self) -> None:
        """The table keeps its cursor above the line."""
        over = self._query.LINES if self._query.display else 0
        self.events.cover(self.events.region.bottom - (self.area.region.bottom - over) if over else 0)

    def on_query_line_done(self) -> None:
        """Back to the pane."""
        self._keep_above()
        self.set_focus(self.panes[self.area.arrangement.pane])
        self.sync()

    def use_query(self, text: str) -> None:
        """Filter by a saved query; it can be changed before it is kept."""
        self.ask(Filtering(), text)

    @property
    def typed(self) -> QueryLine:
        """The line that is typed in."""
        return self._query

    def on_query_line_kept(self, event: QueryLine.Kept) -> None:
        """Remember what was typed for the next time."""
        self.post_message(self.Chosen("history", event.queries))

    def on_query_line_save_wanted(self, event: QueryLine.SaveWanted) -> None:
        """Ask for a name for a query."""
        self.ask(Saving(event.text, self._save))

    def _save(self, name: str, text: str) -> None:
        self.post_message(self.QueryNamed(name, text))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """In the query line, keys are text; and a pane's own keys go before those that run at once."""
        if action not in FOCUSING:
            return True
        return not self._query.display and not self._taken(action, parameters)

    def _taken(self, action: str, parameters: tuple[object, ...]) -> bool:
        """Whether the focused pane has a key of this action for something of its own."""
        bindings = type(self.focused).BINDINGS if self.focused is not None else ()
        rows = [current.named(one.id or "") for one in bindings if isinstance(one, Binding)]
        own = {key for row in rows if row is not None for key in row.keys}
        return any(
            not own.isdisjoint(row.keys)
            for row in current.rows
            if row.where in APP and parse(row.action)[1:] == (action, parameters)
        )

    # --- what the panes say ------------------------------------------------------

    def on_component_graph_selected(self, event: ComponentGraph.Selected) -> None:
        """A component was chosen in the graph."""
        self.session.component = event.component
        self.sync()

    def on_event_table_picked(self, event: EventTable.Picked) -> None:
        """A line was clicked: the cursor goes there; a second click opens it."""
        if event.again:
            self.action_open()
            return
        if event.extend and self.session.selection is None:
            self.session.toggle_selection()
        self.session.seek(event.row)
        self.sync()

    def on_turn_list_moved(self) -> None:
        """The cursor went to a turn."""
        self.sync()

    def on_timeline_moved(self) -> None:
        """The cursor went along a lane."""
        self.sync()

    def on_timeline_opened(self) -> None:
        """The cursor's event was clicked again."""
        self.action_open()

    def on_finding_list_opened(self) -> None:
        """Every pane goes to what a finding is about."""
        self.sync()

    # --- what opens over the panes -------------------------------------------------

    def action_columns(self) -> None:
        """Choose the columns of the table."""
        self.app.push_screen(ColumnChooser(self.events.columns, self.events.size.width), self._use_columns)

    def _use_columns(self, chosen: tuple[str, ...] | None) -> None:
        if chosen is not None:
            self.events.columns = chosen
            self.post_message(self.Chosen("columns", chosen))

    def rearrange(self, arrangement: Arrangement) -> None:
        """Arrange the panes in another way, which is remembered."""
        before = self.area.arrangement
        super().rearrange(arrangement)
        if (arrangement.shares, arrangement.hidden) != (before.shares, before.hidden):
            self.post_message(self.Chosen("layout", msgspec.to_builtins(arrangement)))

    async def action_palette(self) -> None:
        """All commands; the application has them."""
        await self.app.run_action("app.palette")

    def action_help(self) -> None:
        """All keys."""
        self.app.push_screen(HelpScreen())

    def action_quit(self) -> None:
        """End."""
        self.app.exit()
