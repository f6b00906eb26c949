"""Painting the lines between boxes: how much is on them, and the way of the cursor's message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from rich.style import Style

from backend.events import Family
from debugger.tui import palette
from debugger.tui.graph.canvas import Canvas
from debugger.tui.graph.layers import Way
from debugger.tui.graph.model import GraphView
from debugger.tui.graph.shapes import HUB, Cell, Layout, Route
from debugger.tui.graph.signs import CURSOR_LINE, HEAVY_LINE, IDLE_LINE, USED_LINE
from debugger.tui.palette import ink
from debugger.tui.units import count

_BOLD: Final = Style(bold=True)
_STEPS: Final = (
    # directions to the cell before and to the one after
    frozenset({(0, -1), (0, 1)}),
    frozenset({(-1, 0), (1, 0)}),
    frozenset({(0, -1), (1, 0)}),
    frozenset({(0, -1), (-1, 0)}),
    frozenset({(0, 1), (1, 0)}),
    frozenset({(0, 1), (-1, 0)}),
)
_LOOKS: Final = (IDLE_LINE, USED_LINE, HEAVY_LINE, CURSOR_LINE)
_GLYPHS: Final = {look: dict(zip(_STEPS, look, strict=True)) for look in _LOOKS}
_UPRIGHT, _LEVEL = _STEPS[0], _STEPS[1]
_HEADS: Final = {(0, -1): "▲", (0, 1): "▼", (-1, 0): "◀", (1, 0): "▶"}
_DOORS: Final = {(0, 1): "┬", (0, -1): "┴", (1, 0): "├", (-1, 0): "┤"}
_HUB_DOORS: Final = {(0, 1): "┯", (0, -1): "┷", (1, 0): "┠", (-1, 0): "┨"}
_MANY, _TIMES = 8, 1.5  # so many messages make a line heavy, if they are so many times the average


class _Line(NamedTuple):
    """A route as it is to be painted."""

    route: Route
    whole: tuple[Cell, ...]
    look: str
    style: Style
    label: str
    heads: tuple[bool, bool]
    """Whether an arrow points to the source, to the target."""


def paint_lines(canvas: Canvas, view: GraphView, layout: Layout) -> None:
    """All lines and their ends, and what is on them; the boxes are there already."""
    lines = _lines(view, layout)
    crossings = _crossings(layout.routes)
    for line in lines:
        _paint(canvas, line, crossings, layout)
    for line in lines:
        _label(canvas, line, crossings)


def _lines(view: GraphView, layout: Layout) -> list[_Line]:
    loads: dict[Way, tuple[int, int, Family]] = {}
    for source, target, number, family in view.traffic:
        way = _line_of(source, target)
        total, most, kind = loads.get(way, (0, 0, family))
        loads[way] = (total + number, *max((most, kind), (number, family), key=lambda one: one[0]))
    average = sum(total for total, _, _ in loads.values()) / max(len(loads), 1)
    cursor: dict[Way, set[Way]] = {}
    for flow in view.flows:
        cursor.setdefault(_line_of(*flow.way), set()).add(flow.way)
    dim = {node.name for node in view.nodes if node.dim}
    chosen = next((node.name for node in view.nodes if node.selected), None)
    lines = []
    for route in layout.routes:
        way = (route.source, route.target)
        total, _, family = loads.get(way, (0, 0, Family.SYSTEM))
        heavy = total >= _MANY and total >= _TIMES * average
        look = IDLE_LINE if not total else HEAVY_LINE if heavy else USED_LINE
        aside = way[0] in dim or way[1] in dim or not (chosen is None or chosen in way)
        style = ink.dimmer if aside or not total else ink.families[family]
        label = f"{palette.LOOKS[family].letter}{count(total)}" if total else ""
        flowing = cursor.get(way, set())
        heads = (False, HUB not in way)
        if flowing:
            look, heads = CURSOR_LINE, ((way[1], way[0]) in flowing, way in flowing)
            style = ink.dim if view.dim else ink.families[view.family] + _BOLD
            label = palette.LOOKS[view.family].letter + (count(total) if total else "")
        whole = (
            layout.box(route.source).beside(route.cells[0]),
            *route.cells,
            layout.box(route.target).beside(route.cells[-1]),
        )
        lines.append(_Line(route, whole, look, style, label, heads))
    # Those of the cursor over the others.
    return sorted(lines, key=lambda line: line.look == CURSOR_LINE)


def _line_of(source: str, target: str) -> Way:
    """Both ways of a spoke are on one line."""
    return (target, source) if source == HUB else (source, target)


def _crossings(routes: Iterable[Route]) -> set[Cell]:
    seen: set[Cell] = set()
    twice: set[Cell] = set()
    for route in routes:
        cells = set(route.cells)
        twice |= seen & cells
        seen |= cells
    return twice


def _step(here: Cell, there: Cell) -> Cell:
    return there[0] - here[0], there[1] - here[1]


def _paint(canvas: Canvas, line: _Line, crossings: set[Cell], layout: Layout) -> None:
    whole, glyphs = line.whole, _GLYPHS[line.look]
    for (before, cell), (_, after) in zip(pairwise(whole), pairwise(whole[1:]), strict=False):
        glyph = "┼" if cell in crossings else glyphs[frozenset({_step(cell, before), _step(cell, after)})]
        canvas.put(*cell, glyph, line.style)
    for number, (name, border, cell) in enumerate(
        ((line.route.source, whole[0], whole[1]), (line.route.target, whole[-1], whole[-2]))
    ):
        if line.heads[number]:
            canvas.put(*border, _HEADS[_step(cell, border)], line.style)
        else:
            doors = _HUB_DOORS if name == HUB and layout.hub is not None else _DOORS
            canvas.put(*border, doors[_step(border, cell)], ink.dim)


def _label(canvas: Canvas, line: _Line, crossings: set[Cell]) -> None:
    """In the longest level piece of the line, else at the side of an upright one, where there is room."""
    if not line.label:
        return
    cells, room = line.route.cells, len(line.label)
    pieces = _pieces(line.whole, crossings, level=True)
    longest = max(pieces, key=len, default=())
    if len(longest) >= room + 2 or (len(longest) > room and len(cells) > room + 1):
        x, y = min(longest)
        canvas.put(x + (len(longest) - room) // 2, y, line.label, line.style)
        return
    upright = max(_pieces(line.whole, crossings, level=False), key=len, default=())
    for x, y in sorted(upright, key=lambda cell: abs(cell[1] - upright[len(upright) // 2][1])):
        if canvas.blank(x + 1, y, room + 1):
            canvas.put(x + 1, y, line.label, line.style)
            return


def _pieces(whole: Sequence[Cell], crossings: set[Cell], *, level: bool) -> list[tuple[Cell, ...]]:
    """Straight pieces without corner or crossing."""
    axis = 1 if level else 0
    pieces: list[tuple[Cell, ...]] = []
    piece: list[Cell] = []
    for before, cell, after in zip(whole, whole[1:], whole[2:], strict=False):
        if before[axis] == cell[axis] == after[axis] and cell not in crossings:
            piece.append(cell)
        elif piece:
            pieces.append(tuple(piece))
            piece = []
    if piece:
        pieces.append(tuple(piece))
    return pieces


def ways_of(layout: Layout) -> Mapping[Way, tuple[Cell, ...]]:
    """Where marks move, by whence and where to: a spoke is gone along both ways."""
    ways: dict[Way, tuple[Cell, ...]] = {}
    for route in layout.routes:
        ways[route.source, route.target] = route.cells
        if route.target == HUB:
            ways[HUB, route.source] = route.cells[::-1]
    return ways
