"""The graph pane. Its timer runs only while something moves, and only the cells that changed are painted."""

from __future__ import annotations

from typing import Final

from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from debugger.tui.graph.canvas import Canvas, Glyph
from debugger.tui.graph.flow_layout import arrange_flow
from debugger.tui.graph.hub_layout import arrange_hub
from debugger.tui.graph.layers import Way
from debugger.tui.graph.lines import ways_of
from debugger.tui.graph.marks import Flow, Marks
from debugger.tui.graph.model import MAX_GRAPH, GraphModel, GraphView
from debugger.tui.graph.paint import has_more, paint, paint_compact
from debugger.tui.graph.shapes import Box, Cell, Layout
from debugger.tui.keys import Where, bindings
from debugger.tui.palette import LOOKS, ink
from debugger.tui.session import Session

FPS: Final = 20
_FLOWS_AT_ONCE: Final = 32  # of the rows that the cursor passed since the last look, the latest
_RIGHT_BUTTON: Final = 3
_S, _MS = 1_000_000_000, 1_000_000


class ComponentGraph(Widget, can_focus=True):
    """Components around the bus, or in layers by who talks to whom, at the session's cursor.

    Messages move as the cursor passes them, and backwards where it goes back by small steps.
    """

    BINDINGS = bindings(Where.GRAPH)

    class Selected(Message):
        """A component was chosen; None: none any more."""

        def __init__(self, component: str | None) -> None:
            super().__init__()
            self.component = component

    def __init__(self, session: Session, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._session = session
        self._model = GraphModel(session)
        self._marks = Marks()
        self._view = GraphView()
        self._looked_at: tuple[object, ...] = ()
        self._cursor = -1
        self._layout: Layout | None = None
        self._laid_out: tuple[object, ...] = ()
        self._first: str | None = None  # whose ways are drawn where there is no room for all
        self._places: dict[str, Box] = {}
        self._ways: dict[Way, tuple[Cell, ...]] = {}
        self._canvas = Canvas(0, 0)
        self._moving: dict[Cell, Glyph] = {}

    def on_mount(self) -> None:
        """The timer exists from the beginning, and sleeps."""
        self._timer = self.set_interval(1 / FPS, self._frame, pause=True)

    # --- following the session -------------------------------------------------------------

    @property
    def titles(self) -> tuple[str, str]:
        """The view, and how much of the past the lines and traces show."""
        if not self._view.nodes:
            return "1 Graph", ""
        shown = "list" if self._layout is None else "bus" if self._view.by_bus else "who talks to whom"
        ns = self._view.window_ns
        window = f"last {ns / _S:g}s" if ns >= _S else f"last {ns / _MS:g}ms" if ns else ""
        message = "" if self._layout is not None and self._view.by_bus else self._view.message
        followed = "only what is followed" if self._session.followed is not None else ""
        return "1 Graph", " · ".join(part for part in (message, shown, followed, window) if part)

    @property
    def key_labels(self) -> dict[str, str]:
        """As of `KeyBar`."""
        return {"graph.view": "without the bus" if self._model.is_by_bus else "over the bus"}

    def sync(self) -> None:
        """Look at the session; repaint if the picture is another one."""
        session = self._session
        passed, before = session.take_passed(), self._cursor
        self._cursor = session.cursor
        self._model.extend()
        was_drawn = bool(self._ways)
        if not self.display or not self.region:
            self._looked_at = ()
            return
        self._look()
        if not was_drawn:
            return  # what came before the first picture does not move
        if passed:
            self.send(self._model.passed(passed[-_FLOWS_AT_ONCE:]))
        elif 0 <= session.cursor < before <= session.cursor + _FLOWS_AT_ONCE:
            undone = self._model.passed(range(session.cursor + 1, before + 1))
            self.send(undone[::-1], back=True)

    def _look(self) -> None:
        session = self._session
        looked_at = (
            session.cursor,
            session.component,
            session.followed,
            len(session.log),
            self._model.by_bus,
            self._model.looked,
        )
        if looked_at != self._looked_at:
            self._looked_at = looked_at
            view = self._model.view()
            if view != self._view:
                self._view = view
                self._draw()

    def send(self, flows: tuple[Flow, ...], *, back: bool = False) -> None:
        """Let messages move along their lines, or (``back``) from their ends to where they came from."""
        if not self._ways:
            return
        self._marks.add((flow for flow in flows if flow.way in self._ways), self._session.clock(), back=back)
        if self._marks:
            self._timer.resume()

    def restyle(self) -> None:
        """Paint everything anew: the theme is another one."""
        self._moving = {}
        self._canvas = Canvas(0, 0)
        self._draw()

    # --- drawing ------------------------------------------------------------------------------

    def _draw(self) -> None:
        width, height = self.size
        view = self._view
        names = tuple(node.name for node in view.nodes)
        crowded = self._layout is not None and self._layout.undrawn
        first = self._session.component if crowded or self._first is not None else None
        wanted = (names, view.by_bus, view.ways, bool(view.aside or view.more), width, height, first)
        if wanted != self._laid_out:
            self._laid_out = wanted
            self._first = first
            self._layout = self._arrange(names, width, height)
        if self._layout is None:
            canvas, self._places = paint_compact(view, width, height)
            self._ways = {}
        else:
            canvas = paint(view, self._layout, width, height)
            self._places = self._layout.boxes
            self._ways = dict(ways_of(self._layout))
        before, self._canvas = self._canvas, canvas
        differing = canvas.differing(before)
        if differing is None:
            self.refresh()
        elif differing:
            self.refresh(*(Region(0, y, width, 1) for y in differing))

    def _arrange(self, names: tuple[str, ...], width: int, height: int) -> Layout | None:
        if not names or len(names) > MAX_GRAPH:
            return None

        def arrange(height: int) -> Layout | None:
            if self._view.by_bus:
                return arrange_hub(names, width, height)
            ways = {way: number for way, number in self._model.cast.ways.items() if way in self._view.ways}
            return arrange_flow(names, ways, width, height, self._first)

        layout = arrange(height)
        if layout is not None and (has_more(self._view, layout) or layout.undrawn):
            return arrange(height - 1) or layout  # a line to name them in
        return layout

    def on_resize(self) -> None:
        """Another size is another layout."""
        self._draw()

    # --- movement ---------------------------------------------------------------------------------

    def _frame(self) -> None:
        places = self._marks.at(self._session.clock(), self._ways)
        now = {cell: (LOOKS[family].letter, ink.chips[family]) for cell, family in places.items()}
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

    # --- choosing -------------------------------------------------------------------------------------

    def action_view(self) -> None:
        """The bus, or who talks to whom directly."""
        self._model.by_bus = not self._model.is_by_bus
        self._session.say(
            "graph: messages go over the bus" if self._model.by_bus else "graph: who talks to whom"
        )
        self.sync()

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

    async def on_click(self, event: events.Click) -> None:
        """Choose what one clicked on; the chosen one again, or nothing: none. Right: only its events."""
        hit = next((name for name, box in self._places.items() if box.holds(event.x, event.y)), None)
        if event.button == _RIGHT_BUTTON and hit is not None:
            self._session.component = hit
            await self.screen.run_action("filter_component")
            return
        self.post_message(self.Selected(None if hit == self._session.component else hit))


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
