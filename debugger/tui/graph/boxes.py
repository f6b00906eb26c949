"""Painting components and the bus. What is told by colour is told by a glyph too."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from rich.style import Style

from debugger.tui.graph.canvas import Canvas
from debugger.tui.graph.model import GraphView, Node
from debugger.tui.graph.recent import BINS
from debugger.tui.graph.shapes import Box, Layout
from debugger.tui.graph.signs import BARS, BUSY, DOUBLE, FAILING, HEAVY, HOT, LIGHT, LOOPS, RECEIVED, SENT
from debugger.tui.palette import ink
from debugger.tui.text import shorten, width_of
from debugger.tui.units import count, span

_BOLD: Final = Style(bold=True)
_LEAST_STATE: Final = 3
_LEAST_INSIDE: Final = 5
_IDLE_WORDS: Final = frozenset({"", "IDLE", "idle"})


def paint_boxes(canvas: Canvas, view: GraphView, layout: Layout) -> None:
    """All boxes, without what is in their lower borders: see `paint_traces`."""
    if layout.hub is not None:
        _hub(canvas, view, layout.hub)
    for node in view.nodes:
        box = layout.boxes.get(node.name)
        if box is not None:
            _node(canvas, node, box, layout.hub)


def paint_traces(canvas: Canvas, view: GraphView, layout: Layout) -> None:
    """Activity and errors in the border without a name, where no line leaves."""
    highest = max((max(node.trace, default=0) for node in view.nodes), default=0)
    doors: dict[int, list[int]] = {}
    for route in layout.routes:
        for name, cell in ((route.source, route.cells[0]), (route.target, route.cells[-1])):
            x, y = layout.box(name).beside(cell)
            doors.setdefault(y, []).append(x)
    for node in view.nodes:
        box = layout.boxes.get(node.name)
        if box is None:
            continue
        y = box.y if _below(box, layout.hub) else box.bottom - 1
        free = _free(box, doors.get(y, ()))
        errors = f"{count(node.counts.failed)} err" if node.counts and node.counts.failed else ""
        place = max(free, key=lambda run: (len(run), run.start), default=range(0))
        if errors and len(place) >= len(errors):
            at = place.stop - len(errors) - (len(place) > len(errors))
            canvas.put(at, y, errors, ink.bad if node.failing else ink.dim)
            free = [range(run.start, at - 1) if run == place else run for run in free]
        _trace(canvas, node, free, y, highest)


def _below(box: Box, hub: Box | None) -> bool:
    """Whether its lines leave upwards, so that its name is at the bottom."""
    return hub is not None and box.y >= hub.bottom


def _free(box: Box, doors: Sequence[int]) -> list[range]:
    """The pieces of a lower border without doors and corners."""
    here = [x for x in sorted(doors) if box.x < x < box.right - 1]
    bounds = [box.x, *here, box.right - 1]
    return [range(one + 1, other) for one, other in pairwise(bounds)]


def _trace(canvas: Canvas, node: Node, free: Sequence[range], y: int, highest: int) -> None:
    if not node.trace or not highest:
        return
    place = max(free, key=len, default=range(0))
    cells = next((one for one in (BINS, BINS // 2, BINS // 3) if one <= len(place)), 0)
    if not cells:
        return
    together = BINS // cells
    sums = [sum(node.trace[at : at + together]) for at in range(0, BINS, together)]
    start = place.start + (len(place) > cells)
    for number, events in enumerate(sums):
        if events:
            bar = BARS[min(events * len(BARS) // (highest * together + 1), len(BARS) - 1)]
            canvas.put(start + number, y, bar, ink.dimmer if node.dim else ink.accent)


def _frame(canvas: Canvas, box: Box, glyphs: str, style: Style) -> None:
    corner, across, corner2, down, corner3, corner4 = tuple(glyphs)
    canvas.put(box.x, box.y, corner + across * (box.width - 2) + corner2, style)
    for y in range(box.y + 1, box.bottom - 1):
        canvas.put(box.x, y, down, style)
        canvas.put(box.right - 1, y, down, style)
    canvas.put(box.x, box.bottom - 1, corner3 + across * (box.width - 2) + corner4, style)


def _node(canvas: Canvas, node: Node, box: Box, hub: Box | None) -> None:
    colours = ink.colours
    lit = node.selected or node.at_cursor
    colour = colours.red if node.failing else colours.accent if lit else colours.faint
    glyphs = DOUBLE if node.selected else HEAVY if node.at_cursor else LIGHT
    _frame(canvas, box, glyphs, Style(color=colour))
    lines = box.height - 2
    if hub is None:  # lines leave at both sides: the name stands within
        used = _name(canvas, node, box, box.y + 1)
        if lines > 1:
            _state(canvas, node, box, box.y + 2, below=False)
        elif (room := box.width - 5 - used) >= _LEAST_STATE:
            state = shorten(f"{BUSY} {node.state}" if node.busy else node.state, room)
            canvas.put(box.right - 2 - width_of(state), box.y + 1, state, ink.dimmer if node.dim else ink.dim)
        return
    _name(canvas, node, box, box.bottom - 1 if _below(box, hub) else box.y)
    _state(canvas, node, box, box.y + 1, below=lines > 1)
    if lines > 1:
        _doing(canvas, node, box, box.y + 2)


def _name(canvas: Canvas, node: Node, box: Box, y: int) -> int:
    """Paint the name; the cells that it takes."""
    room = box.width - 4
    if room < 1:
        return 0
    flags = (FAILING if node.failing else "") + (HOT if node.hot else "") + (LOOPS if node.loops else "")
    text = shorten_inside(f"{flags} {node.label}" if flags else node.label, room)
    lit = node.at_cursor or node.selected
    style = ink.bold if lit else ink.plain
    if node.failing:
        style = ink.bad
    elif node.dim:
        style = ink.dimmer
    elif node.hot:
        style = ink.warn + _BOLD
    canvas.put(box.x + 1, y, f" {text} ", style)
    return width_of(text)


def _state(canvas: Canvas, node: Node, box: Box, y: int, *, below: bool) -> None:
    """The state, and at the right what there is room for: a queue that grows, the counters.

    ``below``: there is a line under it for what it does.
    """
    room = box.width - 4
    text = node.state or (counts_of(node) if below and not node.busy else "")
    if node.busy and not below:
        text = f"{BUSY} {node.state or node.busy}"
    text = shorten(text, room)
    style = ink.dim if node.state in _IDLE_WORDS else ink.bold
    canvas.put(box.x + 2, y, text, ink.dimmer if node.dim else style)
    spare = room - width_of(text) - bool(text)
    counts, queue = "" if below and not node.busy else counts_of(node), _queue(node)
    right = next((one for one in (f"{queue} {counts}".strip(), queue or counts) if len(one) <= spare), "")
    canvas.put(box.right - 2 - width_of(right), y, right, ink.dimmer)
    if right.startswith(queue):
        canvas.put(box.right - 2 - width_of(right), y, queue, ink.warn)


def _doing(canvas: Canvas, node: Node, box: Box, y: int) -> None:
    """The message that is being handled, and for how long; else the counters."""
    room = box.width - 4
    if not node.busy:
        canvas.put(box.x + 2, y, shorten(counts_of(node) if node.state else "", room), ink.dimmer)
        return
    since = f" {span(node.busy_ns)}"
    since = since if len(since) < room // 2 else ""
    text = shorten(f"{BUSY} {node.busy}", room - len(since))
    canvas.put(box.x + 2, y, text, ink.dimmer if node.dim else ink.plain)
    canvas.put(box.right - 2 - len(since), y, since, ink.dimmer)


def shorten_inside(text: str, room: int) -> str:
    """Cut a name in the middle: names of one system often differ in their ends."""
    if len(text) <= room or not text.isascii() or room < _LEAST_INSIDE:
        return shorten(text, room)
    tail = (room - 1) // 2
    return f"{text[: room - 1 - tail]}…{text[-tail:]}"


def counts_of(node: Node) -> str:
    """What it sent and received."""
    if node.counts is None:
        return f"{SENT}… {RECEIVED}…"
    return f"{SENT}{count(node.counts.sent)} {RECEIVED}{count(node.counts.received)}"


def _queue(node: Node) -> str:
    """The depth of its queue, when it grows."""
    return f"{HOT}{count(node.glance.depth)}" if node.glance.growing and node.glance.depth else ""


def _hub(canvas: Canvas, view: GraphView, hub: Box) -> None:
    _frame(canvas, hub, HEAVY, Style(color=ink.colours.muted))
    room = hub.width - 4
    bus, total = view.bus, f"{view.bus} · {'…' if view.sent is None else count(view.sent)}"
    if width_of(total) <= room:
        bus = total
    message = ink.dim if view.dim else ink.families[view.family] + _BOLD
    for y, text, style in ((1, shorten(bus, room), ink.bold), (2, shorten(view.message, room), message)):
        canvas.put(hub.x + 2 + (room - width_of(text)) // 2, hub.y + y, text, style)
