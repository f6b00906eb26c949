"""The main screen: the panes, and what each key of the table does to the session."""

from __future__ import annotations

from typing import Final

from textual import events
from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

from debugger.log import NONE
from debugger.tui import units
from debugger.tui.events.detail import EventScreen
from debugger.tui.events.filter_line import FilterLine, apply_filter
from debugger.tui.events.table import EventTable
from debugger.tui.graph.widget import ComponentGraph
from debugger.tui.help.screen import HelpScreen
from debugger.tui.keys import APP, FOCUSING, bindings
from debugger.tui.session import Session
from debugger.tui.state.tree import StateTree
from debugger.tui.status.lines import KeyBar, StatusLine
from debugger.tui.text import safe_text

PANES: Final = ("graph", "events", "state")
_SMALL_WIDTH, _SMALL_HEIGHT = 100, 28
_TINY_HEIGHT = 16


class MainScreen(Screen[None]):
    """All panes look at one `Session`; `sync` brings them up to date with it."""

    BINDINGS = bindings(*APP)
    AUTO_FOCUS = "EventTable"

    def __init__(self, session: Session) -> None:
        super().__init__(classes="-page-events")
        self._session = session
        self._titles: dict[Widget, tuple[str, str]] = {}
        self._graph = ComponentGraph(session, id="graph")
        self._state = StateTree(session, id="state")
        self._events = EventTable(session, id="events")
        self._filter = FilterLine(session, id="filter")
        self._lines = (StatusLine(session, id="status"), KeyBar(session, id="keys"))
        self._graph_pane = Container(self._graph, id="graph-pane", classes="pane")
        self._state_pane = Container(self._state, id="state-pane", classes="pane")
        self._events_pane = Container(self._events, self._filter, id="events-pane", classes="pane")

    def compose(self) -> ComposeResult:
        """Graph and state side by side, the events under them, two lines at the bottom."""
        yield Horizontal(self._graph_pane, self._state_pane, id="upper")
        yield self._events_pane
        yield from self._lines

    def on_mount(self) -> None:
        """Titles that do not change."""
        self._graph_pane.border_title = "1 Graph"
        self._title_state()

    def on_resize(self, event: events.Resize) -> None:
        """Choose between all panes at once and one page at a time."""
        width, height = event.size
        self.set_class(width < _SMALL_WIDTH or height < _SMALL_HEIGHT, "-small")
        self.set_class(height < _TINY_HEIGHT, "-tiny")

    # --- bringing the panes up to date -----------------------------------------------------

    def sync(self) -> None:
        """Show the session as it is now; panes repaint only what is different."""
        if not self.is_running:
            return  # a last tick may come while the screen closes
        for pane in (self._graph, self._state, self._events, self._filter, *self._lines):
            pane.sync()
        self._title_events()

    def _title_events(self) -> None:
        session = self._session
        title = "2 Events"
        if session.filter_text:
            more = "" if session.shown.complete else " …"
            title += f" · {safe_text(session.filter_text, 60)}{more}"
        place = session.shown.position(session.cursor) + 1
        self._retitle(self._events_pane, title, f"{place:,} of {len(session.shown):,}")

    def _title_state(self) -> None:
        view = self._state.view
        title = f"3 State · {view.component}" if view.component else "3 State"
        if self._session.component is not None:
            title += " · pinned"
        changed = f"{view.changes} changed · " if view.changes else ""
        subtitle = ""
        if view.row >= 0:
            log = self._session.log
            seq = int(log.column("seq")[view.row])
            at = units.clock_time(int(log.column("timestamp_ns")[view.row]))
            subtitle = f"{changed}{view.session} #{view.row + 1 if seq == NONE else seq} {at}"
        self._retitle(self._state_pane, title, subtitle)

    def _retitle(self, pane: Widget, title: str, subtitle: str = "") -> None:
        if self._titles.get(pane) != (title, subtitle):
            self._titles[pane] = (title, subtitle)
            # Content, not a string: what comes from events is never markup.
            pane.border_title, pane.border_subtitle = Content(title), Content(subtitle)

    def on_state_tree_changed(self) -> None:
        """Another snapshot is shown."""
        self._title_state()

    # --- keys: moving -----------------------------------------------------------------------

    def action_step(self, count: int) -> None:
        """Move by events."""
        self._session.step(count)
        self.sync()

    def action_message(self, direction: int) -> None:
        """Move by a message."""
        self._session.step_message(direction)
        self.sync()

    def action_page(self, direction: int) -> None:
        """Move by a page of the table."""
        self._session.step(direction * self._events.page)
        self.sync()

    def action_first(self) -> None:
        """To the first event."""
        self._session.first()
        self.sync()

    def action_last(self) -> None:
        """To the last event, and live on with it."""
        self._session.last()
        self.sync()

    def action_cause(self) -> None:
        """To the event's cause."""
        self._session.to_cause()
        self.sync()

    def action_effect(self) -> None:
        """To the event's first effect."""
        self._session.to_effect()
        self.sync()

    def action_turn(self, direction: int) -> None:
        """Within the turn."""
        self._session.step_in_turn(direction)
        self.sync()

    def action_play(self) -> None:
        """Play, stop, pause, follow."""
        self._session.toggle_play()
        self.sync()

    def action_speed(self, step: int) -> None:
        """Faster or slower."""
        self._session.change_speed(step)
        self.sync()

    # --- keys: finding ------------------------------------------------------------------------

    def action_open(self) -> None:
        """Open the event at the cursor."""
        if self._session.cursor >= 0:
            self.app.push_screen(EventScreen(self._session), lambda _: self.sync())

    def action_filter(self) -> None:
        """Type a filter."""
        self._show_page("events")
        self._filter.begin()

    def on_filter_line_done(self) -> None:
        """Back to the table."""
        self._events.focus()
        self.sync()

    def action_filter_component(self) -> None:
        """Only the chosen component's events, or the cursor's one's; all again if that is the filter."""
        session = self._session
        component = session.component
        if component is None and session.cursor >= 0:
            log = session.log
            component = log.name("component", int(log.column("component")[session.cursor]))
        if not component:
            return
        escaped = component.replace("\\", "\\\\").replace('"', '\\"')
        text = f"component:{component}" if component.isidentifier() else f'component:"{escaped}"'
        apply_filter(session, "" if session.filter_text == text else text)
        self.sync()

    def action_clear_filter(self) -> None:
        """Show everything."""
        apply_filter(self._session, "")
        self.sync()

    def action_pin(self) -> None:
        """Keep the component of the event at the cursor, or let go."""
        session = self._session
        if session.component is not None:
            self._choose(None)
        elif session.cursor >= 0:
            log = session.log
            self._choose(log.name("component", int(log.column("component")[session.cursor])))

    def on_component_graph_selected(self, event: ComponentGraph.Selected) -> None:
        """A component was chosen in the graph."""
        self._choose(event.component)

    def _choose(self, component: str | None) -> None:
        self._session.component = component
        self.sync()
        self._title_state()

    def on_event_table_picked(self, event: EventTable.Picked) -> None:
        """A line was clicked: the cursor goes there; a second click opens it."""
        if event.again:
            self.action_open()
            return
        self._session.seek(event.row)
        self.sync()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """In the filter line, keys are text."""
        del parameters
        return not (action in FOCUSING and self._filter.display)

    # --- keys: panes ------------------------------------------------------------------------------

    def action_pane(self, pane: str) -> None:
        """To a pane."""
        self._go_to(pane)

    def action_cycle(self, step: int) -> None:
        """To the next pane."""
        here = next((number for number, pane in enumerate(PANES) if self.has_class(f"-page-{pane}")), 0)
        self._go_to(PANES[(here + step) % len(PANES)])

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The page is that of the pane with the focus, however it came there."""
        if event.widget.id in PANES:
            self._show_page(event.widget.id)

    def _show_page(self, pane: str) -> None:
        for one in PANES:
            self.set_class(one == pane, f"-page-{one}")

    def _go_to(self, pane: str) -> None:
        self._show_page(pane)
        target: Widget = {"graph": self._graph, "events": self._events, "state": self._state}[pane]
        if target.region:
            self.set_focus(target)
        else:
            self.call_after_refresh(target.focus)  # its page is not laid out yet

    def action_help(self) -> None:
        """All keys."""
        self.app.push_screen(HelpScreen())

    def action_quit(self) -> None:
        """End."""
        self.app.exit()
