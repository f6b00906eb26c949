"""The graph that stands still, as a grid of styled cells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Final

from rich.segment import Segment
from rich.style import Style

from debugger.tui import palette
from debugger.tui.graph.layout import Box, Cell, Layout, Placed
from debugger.tui.graph.model import Flow, GraphView, Node
from debugger.tui.palette import ink
from debugger.tui.text import shorten, width_of
from debugger.tui.units import count

Glyph = tuple[str, Style]

_LIGHT: Final = "╭─╮│╰╯"
_DOUBLE: Final = "╔═╗║╚╝"
_HEAVY: Final = "┏━┓┃┗┛"
_BOLD: Final = Style(bold=True)
_IDLE_WORDS: Final = frozenset({"", "IDLE", "idle"})
_TURNS: Final = {
    # directions to the cell before and to the one after
    frozenset({(0, -1), (0, 1)}): "│",
    frozenset({(-1, 0), (1, 0)}): "─",
    frozenset({(0, -1), (1, 0)}): "╰",
    frozenset({(0, -1), (-1, 0)}): "╯",
    frozenset({(0, 1), (1, 0)}): "╭",
    frozenset({(0, 1), (-1, 0)}): "╮",
}
_HEADS: Final = {(0, -1): "▲", (0, 1): "▼", (-1, 0): "◀", (1, 0): "▶"}


class Canvas:
    """Cells of ``width`` by ``height``; what is put outside is not painted."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self._rows: list[list[Glyph]] = [[(" ", ink.plain)] * width for _ in range(height)]

    def put(self, x: int, y: int, text: str, style: Style) -> None:
        """Write safe text; a wide glyph takes two cells, the second of them empty."""
        if not 0 <= y < len(self._rows):
            return
        for glyph in text:
            width = width_of(glyph)
            if x >= 0 and x + width <= self.width and width:
                self._rows[y][x] = (glyph, style)
                if width > 1:
                    self._rows[y][x + 1] = ("", style)
            x += width

    def segments(self, y: int, over: Mapping[int, Glyph]) -> list[Segment]:
        """A row as segments, with the glyphs in `over` on top of it, by column."""
        if not 0 <= y < len(self._rows):
            return []
        row = self._rows[y]
        if over:
            row = [over.get(x, glyph) for x, glyph in enumerate(row)]
        return [
            Segment("".join(glyph for glyph, _ in run), style)
            for style, run in groupby(row, key=lambda one: one[1])
        ]


def paint(view: GraphView, layout: Layout, width: int, height: int) -> Canvas:
    """All of the graph but the moving marks."""
    canvas = Canvas(width, height)
    nodes = {node.name: node for node in view.nodes}
    for placed in layout.placed:
        flows = [flow for flow in view.flows if flow.component == placed.name]
        _spoke(canvas, placed, layout.hub, flows)
    _hub(canvas, view, layout)
    for placed in layout.placed:
        _node(canvas, nodes[placed.name], placed, layout.hub)
    lowest = max((placed.box.bottom for placed in layout.placed), default=0)
    if lowest < height:
        _others(canvas, [nodes[name] for name in layout.left_out], view, height - 1)
    return canvas


def _frame(canvas: Canvas, box: Box, glyphs: str, style: Style) -> None:
    corner, across, corner2, down, corner3, corner4 = tuple(glyphs)
    canvas.put(box.x, box.y, corner + across * (box.width - 2) + corner2, style)
    for y in range(box.y + 1, box.bottom - 1):
        canvas.put(box.x, y, down, style)
        canvas.put(box.right - 1, y, down, style)
    canvas.put(box.x, box.bottom - 1, corner3 + across * (box.width - 2) + corner4, style)


def _node(canvas: Canvas, node: Node, placed: Placed, hub: Box) -> None:
    box = placed.box
    colour = (
        ink.colours.red
        if node.failing
        else ink.colours.accent
        if node.selected or node.at_cursor
        else ink.colours.faint
    )
    style = Style(color=colour)
    _frame(canvas, box, _DOUBLE if node.selected else _LIGHT, style)
    _door(canvas, placed, hub, style)
    name = ("! " if node.failing else "") + node.label
    name_style = ink.bad if node.failing else ink.bold if node.at_cursor or node.selected else ink.plain
    canvas.put(box.x + 1, box.y, f" {shorten(name, box.width - 4)} ", name_style)
    room = box.width - 4
    state = shorten(node.state, room)
    canvas.put(box.x + 2, box.y + 1, state, ink.dim if node.state in _IDLE_WORDS else ink.bold)
    counts = _counts(node)
    if width_of(state) + 1 + width_of(counts) <= room:  # the state is worth more
        canvas.put(box.right - 2 - width_of(counts), box.y + 1, counts, ink.dimmer)
    if node.failed:
        errors = f" {count(node.failed)} err "
        canvas.put(box.right - 2 - len(errors), box.bottom - 1, errors, ink.bad)


def _counts(node: Node) -> str:
    return f"→{count(node.sent)} ←{count(node.received)}"


def _door(canvas: Canvas, placed: Placed, hub: Box, style: Style) -> None:
    """Where the spoke leaves the box."""
    if not placed.spoke:
        return
    box, (x, y) = placed.box, placed.spoke[0]
    if box.y < hub.y:
        canvas.put(x, box.bottom - 1, "┬", style)
    elif box.y > hub.y:
        canvas.put(x, box.y, "┴", style)
    elif box.x < hub.x:
        canvas.put(box.right - 1, y, "├", style)
    else:
        canvas.put(box.x, y, "┤", style)


def _hub(canvas: Canvas, view: GraphView, layout: Layout) -> None:
    hub = layout.hub
    style = Style(color=ink.colours.muted)
    _frame(canvas, hub, _HEAVY, style)
    room = hub.width - 4
    bus = view.bus
    if width_of(total := f"{bus} · {count(view.sent)}") <= room:
        bus = total
    for y, text, colour in (
        (1, shorten(bus, room), ink.bold),
        (2, shorten(view.message, room), ink.families[view.family] + _BOLD),
    ):
        canvas.put(hub.x + 2 + (room - width_of(text)) // 2, hub.y + y, text, colour)
    for placed in layout.placed:
        if not placed.spoke:
            continue
        x, y = placed.spoke[-1]
        if y < hub.y:
            canvas.put(x, hub.y, "┷", style)
        elif y >= hub.bottom:
            canvas.put(x, hub.bottom - 1, "┯", style)
        else:
            canvas.put(hub.x if x < hub.x else hub.right - 1, y, "┨" if x < hub.x else "┠", style)


def _spoke(canvas: Canvas, placed: Placed, hub: Box, flows: list[Flow]) -> None:
    cells = placed.spoke
    if not cells:
        return
    style = ink.families[flows[0].family] if flows else ink.dimmer
    around = (_beside(cells[0], placed.box), *cells, _beside(cells[-1], hub))
    for number, (x, y) in enumerate(cells):
        before, after = around[number], around[number + 2]
        steps = frozenset({(before[0] - x, before[1] - y), (after[0] - x, after[1] - y)})
        canvas.put(x, y, _TURNS.get(steps, "·"), style)
    for flow in flows:
        colour = ink.families[flow.family] + _BOLD
        at, to = (cells[-1], around[-1]) if flow.out else (cells[0], around[0])
        canvas.put(*at, _HEADS.get((to[0] - at[0], to[1] - at[1]), "●"), colour)
        if len(cells) > 2:  # noqa: PLR2004 - both ends may be arrow heads
            canvas.put(*cells[len(cells) // 2], palette.LOOKS[flow.family].letter, colour)


def _beside(cell: Cell, box: Box) -> Cell:
    """The cell of the box's border next to `cell`."""
    x, y = cell
    return min(max(x, box.x), box.right - 1), min(max(y, box.y), box.bottom - 1)


def _others(canvas: Canvas, nodes: Iterable[Node], view: GraphView, y: int) -> None:
    """Those that found no place, with their counts; then those that have nothing to do with the bus."""
    named = [f"{'! ' if node.failing else ''}{node.label} {_counts(node)}" for node in nodes]
    parts = [f"+{len(named)}: {' · '.join(named)}"] if named else []
    if view.aside:
        parts.append(f"not on the bus: {' · '.join(view.aside)}")
    if view.more:
        parts.append(f"{view.more} more")
    canvas.put(0, y, shorten("   ".join(parts), canvas.width), ink.dimmer)


def paint_compact(view: GraphView, width: int, height: int) -> tuple[Canvas, dict[str, Box]]:
    """The components as a list in columns, where there is no room for the graph; and where each is."""
    canvas, places = Canvas(width, height), {}
    columns = max(1, width // 26)
    cell = width // columns
    flows = {flow.component: flow for flow in view.flows}
    fitting = view.nodes if len(view.nodes) <= columns * height else view.nodes[: columns * height - 1]
    for number, node in enumerate(fitting):
        box = Box(number % columns * cell, number // columns, cell - 1, 1)
        places[node.name] = box
        _compact_node(canvas, node, flows.get(node.name), box)
    left = len(view.nodes) - len(fitting) + view.more
    if left:
        canvas.put((columns - 1) * cell + 2, height - 1, shorten(f"+{left} more", cell - 3), ink.dim)
    return canvas, places


def _compact_node(canvas: Canvas, node: Node, flow: Flow | None, box: Box) -> None:
    if flow is not None:
        arrow = ("→" if flow.out else "←") + palette.LOOKS[flow.family].letter
        canvas.put(box.x, box.y, arrow, ink.families[flow.family] + _BOLD)
    elif node.failing:
        canvas.put(box.x + 1, box.y, "!", ink.bad)
    elif node.selected:
        canvas.put(box.x + 1, box.y, "▸", ink.key)
    room = box.width - 2
    name = shorten(node.label, room)
    lit = node.at_cursor or node.selected or flow is not None
    canvas.put(box.x + 2, box.y, name, ink.bad if node.failing else ink.bold if lit else ink.plain)
    left = room - width_of(name) - 1
    if left > 0 and node.state:
        style = ink.dimmer if node.state in _IDLE_WORDS else ink.dim
        canvas.put(box.x + 3 + width_of(name), box.y, shorten(node.state, left), style)
