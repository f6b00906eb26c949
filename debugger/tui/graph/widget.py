"""The graph pane. Its timer runs only while something moves, and only the cells that changed are painted."""

from __future__ import annotations

from typing import Final

from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from debugger.tui.graph.canvas import Canvas, Glyph, paint, paint_compact
from debugger.tui.graph.counts import Counts
from debugger.tui.graph.layout import Box, Cell, Layout, arrange
from debugger.tui.graph.marks import Marks
from debugger.tui.graph.model import Flow, GraphView, flow_of, graph_view
from debugger.tui.keys import Where, bindings
from debugger.tui.session import Session

FPS: Final = 20
_FLOWS_AT_ONCE: Final = 32  # of the rows that the cursor passed since the last look, the latest


class ComponentGraph(Widget, can_focus=True):
    """Components around the bus at the session's cursor; messages move as the cursor passes them."""

    BINDINGS = bindings(Where.GRAPH)

    class Selected(Message):
        """A component was chosen; None: none any more."""

        def __init__(self, component: str | None) -> None:
            super().__init__()
            self.component = component

    def __init__(self, session: Session, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._session = session
        self._counts = Counts(session.log)
        self._marks = Marks()
        self._view = GraphView()
        self._looked_at: tuple[int, str | None, int, int] | None = None
        self._layout: Layout | None = None
        self._places: dict[str, Box] = {}
        self._spokes: dict[str, tuple[Cell, ...]] = {}
        self._canvas = Canvas(0, 0)
        self._moving: dict[Cell, Glyph] = {}

    def on_mount(self) -> None:
        """The timer exists from the beginning, and sleeps."""
        self._timer = self.set_interval(1 / FPS, self._frame, pause=True)

    # --- following the session -------------------------------------------------------------

    def sync(self) -> None:
        """Look at the session; repaint if the picture is another one."""
        session = self._session
        passed = session.take_passed()
        if passed and self.display and self._spokes:
            ways = (flow_of(session.log, row) for row in passed[-_FLOWS_AT_ONCE:])
            self.send(tuple(way for way in ways if way is not None))
        looked_at = (
            session.cursor,
            session.component,
            len(session.log),
            len(session.log.topology.components),
        )
        if looked_at == self._looked_at:
            return
        self._looked_at = looked_at
        view = graph_view(session, self._counts)
        if view != self._view:
            relaid = tuple(node.name for node in view.nodes) != tuple(node.name for node in self._view.nodes)
            self._view = view
            self._draw(relaid=relaid)

    def send(self, flows: tuple[Flow, ...]) -> None:
        """Let messages move along the spokes."""
        self._marks.add(flows, self._session.clock())
        if self._marks:
            self._timer.resume()

    def _draw(self, *, relaid: bool) -> None:
        width, height = self.size
        if relaid:
            names = tuple(node.name for node in self._view.nodes)
            layout = arrange(names, width, height)
            if layout is not None and (layout.left_out or self._view.aside):
                layout = arrange(names, width, height - 1) or layout  # a line to name them in
            self._layout = layout
        if self._layout is None:
            self._canvas, self._places = paint_compact(self._view, width, height)
            self._spokes = {}
            self._marks.clear()
        else:
            self._canvas = paint(self._view, self._layout, width, height)
            self._places = {placed.name: placed.box for placed in self._layout.placed}
            self._spokes = {placed.name: placed.spoke for placed in self._layout.placed}
        self.refresh()

    def on_resize(self) -> None:
        """Another size is another layout."""
        self._draw(relaid=True)

    # --- movement ---------------------------------------------------------------------------------

    def _frame(self) -> None:
        now = self._marks.at(self._session.clock(), self._spokes)
        changed = {
            cell for cell in self._moving.keys() | now.keys() if self._moving.get(cell) != now.get(cell)
        }
        self._moving = now
        if changed:
            self.refresh(*(Region(x, y, 1, 1) for x, y in changed))
        if not self._marks:
            self._timer.pause()

    def render_line(self, y: int) -> Strip:
        """One line: the picture, and what moves in it."""
        over = {x: glyph for (x, row), glyph in self._moving.items() if row == y}
        segments = self._canvas.segments(y, over)
        return Strip(segments).adjust_cell_length(self.size.width).apply_style(self.rich_style)

    # --- choosing a component -------------------------------------------------------------------------

    def action_select(self, direction: str) -> None:
        """Choose the nearest component in a direction from the chosen one."""
        chosen = self._session.component
        here = self._places.get(chosen) if chosen is not None else None
        if here is None:
            names = [node.name for node in self._view.nodes if node.name in self._places]
            at_cursor = [
                node.name for node in self._view.nodes if node.at_cursor and node.name in self._places
            ]
            if names:
                self.post_message(self.Selected((at_cursor or names)[0]))
            return
        ahead = [
            (distance, name)
            for name, box in self._places.items()
            if name != chosen and (distance := _distance(here, box, direction)) is not None
        ]
        if ahead:
            self.post_message(self.Selected(min(ahead)[1]))

    def action_unselect(self) -> None:
        """Choose none."""
        self.post_message(self.Selected(None))

    def on_click(self, event: events.Click) -> None:
        """Choose what one clicked on; the chosen one again, or nothing: none."""
        hit = [name for name, box in self._places.items() if box.holds(event.x, event.y)]
        again = bool(hit) and hit[0] == self._session.component
        self.post_message(self.Selected(hit[0] if hit and not again else None))


def _distance(here: Box, there: Box, direction: str) -> int | None:
    """How far it is in a direction, aside counting more; None if it is not that way."""
    (x, y), (to_x, to_y) = here.middle, there.middle
    across, down = to_x - x, (to_y - y) * 2  # a cell is twice as high as wide
    ahead, aside = {
        "left": (-across, down),
        "right": (across, down),
        "up": (-down, across),
        "down": (down, across),
    }[direction]
    return ahead + 3 * abs(aside) if ahead > 0 and abs(aside) <= 4 * ahead else None
