"""The graph that stands still, on a canvas."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rich.style import Style

from debugger.tui import palette
from debugger.tui.graph.boxes import counts_of, paint_boxes, paint_traces, shorten_inside
from debugger.tui.graph.canvas import Canvas
from debugger.tui.graph.lines import paint_lines
from debugger.tui.graph.marks import Flow
from debugger.tui.graph.model import GraphView, Node
from debugger.tui.graph.shapes import HUB, Box, Layout
from debugger.tui.graph.signs import BUSY, CHOSEN, FAILING, HOT, RECEIVED, SENT
from debugger.tui.palette import ink
from debugger.tui.text import shorten, width_of

_BOLD: Final = Style(bold=True)
_CELL: Final = 26  # of the list
_STATE_ROOM: Final = 3


def paint(view: GraphView, layout: Layout, width: int, height: int) -> Canvas:
    """All of the graph but the moving marks."""
    canvas = Canvas(width, height)
    paint_boxes(canvas, view, layout)
    paint_lines(canvas, view, layout)
    paint_traces(canvas, view, layout)
    lowest = max((box.bottom for box in layout.boxes.values()), default=0)
    if lowest < height:
        left_out = set(layout.left_out)
        nodes = [node for node in view.nodes if node.name in left_out]
        _others(canvas, nodes, view, layout.undrawn)
    return canvas


def has_more(view: GraphView, layout: Layout) -> bool:
    """Whether a line is needed to name what has no place."""
    return bool(layout.left_out or view.aside or view.more)


def _others(canvas: Canvas, nodes: Iterable[Node], view: GraphView, undrawn: int) -> None:
    """Those that found no place, with their counts; then those that have nothing to do with the bus."""
    named = [f"{FAILING + ' ' if node.failing else ''}{node.label} {counts_of(node)}" for node in nodes]
    parts = [f"+{len(named)}: {' · '.join(named)}"] if named else []
    if undrawn:
        parts.append(f"{undrawn} more ways")
    if view.aside:
        parts.append(f"{'not on the bus' if view.by_bus else 'aside'}: {' · '.join(view.aside)}")
    if view.more:
        parts.append(f"{view.more} more")
    text = shorten("   ".join(parts), canvas.width)
    if text and canvas.blank(0, canvas.height - 1, width_of(text)):
        canvas.put(0, canvas.height - 1, text, ink.dimmer)


def paint_compact(view: GraphView, width: int, height: int) -> tuple[Canvas, dict[str, Box]]:
    """The components as a list in columns, where there is no room for the graph; and where each is."""
    canvas, places = Canvas(width, height), dict[str, Box]()
    if not view.nodes or not height:
        return canvas, places
    columns = max(1, width // _CELL)
    cell = width // columns
    flows: dict[str, Flow] = {}
    for flow in view.flows:
        for name in flow.way:
            if name != HUB:
                flows.setdefault(name, flow)
    nodes = _foremost(view.nodes, columns * height)
    for number, node in enumerate(nodes):
        box = Box(number % columns * cell, number // columns, cell - 1, 1)
        places[node.name] = box
        _compact_node(canvas, node, flows.get(node.name), box, dim=view.dim)
    left = len(view.nodes) - len(nodes) + view.more
    if left:
        canvas.put((columns - 1) * cell + 2, height - 1, shorten(f"+{left} more", cell - 3), ink.dim)
    return canvas, places


def _foremost(nodes: tuple[Node, ...], room: int) -> tuple[Node, ...]:
    """As many as there is room for; the chosen one and the cursor's in any case, in the last places."""
    if len(nodes) <= room:
        return nodes
    first, rest = nodes[: max(room - 1, 1)], nodes[max(room - 1, 1) :]
    lit = tuple(node for node in rest if node.selected or node.at_cursor)[: len(first)]
    return first[: len(first) - len(lit)] + lit


def _compact_node(canvas: Canvas, node: Node, flow: Flow | None, box: Box, *, dim: bool) -> None:
    if flow is not None:
        arrow = (SENT if flow.source == node.name else RECEIVED) + palette.LOOKS[flow.family].letter
        canvas.put(box.x, box.y, arrow, ink.dim if dim else ink.families[flow.family] + _BOLD)
    elif node.selected:
        canvas.put(box.x, box.y, CHOSEN, ink.key)
    if flow is None:
        flag = FAILING if node.failing else HOT if node.hot else BUSY if node.busy else ""
        canvas.put(box.x + 1, box.y, flag, ink.bad if node.failing else ink.warn if node.hot else ink.dim)
    room = box.width - 2
    name = shorten_inside(node.label, room)
    lit = node.at_cursor or node.selected or flow is not None
    style = ink.bad if node.failing else ink.bold if lit else ink.dimmer if node.dim else ink.plain
    canvas.put(box.x + 2, box.y, name, style + Style(underline=True) if node.selected else style)
    left = room - width_of(name) - 1
    state = node.state or (f"{node.counts.failed} err" if node.failing and node.counts else "")
    if left >= _STATE_ROOM and state:
        canvas.put(
            box.x + 3 + width_of(name), box.y, shorten(state, left), ink.dimmer if node.dim else ink.dim
        )
