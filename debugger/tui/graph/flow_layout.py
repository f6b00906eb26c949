"""The flow view: who talks to whom, in layers from left to right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from debugger.tui.graph.channels import LEAST_BOX, LEAST_GAP, Seat, route
from debugger.tui.graph.layers import Way, layered, seats
from debugger.tui.graph.shapes import HIGH, LOW, Layout
from debugger.tui.text import safe_text, width_of

_LEAST_ROW: Final = LOW + 1  # a box, and one lane
_EASY_ROW: Final = HIGH + 2
_WIDE_BOX: Final = 22
_MOST_WAYS: Final = 200


def arrange_flow(
    names: tuple[str, ...], ways: Mapping[Way, int], width: int, height: int, first: str | None = None
) -> Layout | None:
    """Lay out `names`, whose order is that of their importance; None where many would be left out.

    Where there is no room for all ways, those of the component `first` are drawn, then the busiest.
    """
    columns, rows = _columns(LEAST_BOX, width), (height - 1) // _LEAST_ROW
    if columns < 1 or rows < 1 or 4 * columns * rows < 3 * len(names):
        return None
    fitting, left_out = names[: columns * rows], names[columns * rows :]
    layers = layered(fitting, ways)
    important = sorted(ways, key=lambda way: (first not in way, -ways[way]))[:_MOST_WAYS]
    # At first fewer columns, if the boxes then have room for the names; then fewer rows, for more lanes.
    wide = min(max(width_of(safe_text(name, _WIDE_BOX)) for name in fitting) + 4, _WIDE_BOX)
    fewest = -(-len(fitting) // columns)
    grids = [
        (_columns(wide, width), (height - 1) // _EASY_ROW),
        (columns, rows),
        *((columns, some) for some in (fewest + 1, fewest) if some < rows),
    ]
    best: Layout | None = None
    for across, down in grids:
        if across * down < len(fitting):
            continue
        layout = _routed(seats(layers, across, down), important, width, height)
        if best is None or layout.undrawn < best.undrawn:
            best = layout
        if not best.undrawn:
            break
    return best._replace(left_out=left_out) if best is not None else None


def _routed(places: Mapping[str, Seat], ways: Sequence[Way], width: int, height: int) -> Layout:
    """With high boxes, unless low ones leave room for more ways."""
    layout = route(places, ways, width, height, LOW)
    if height >= (HIGH + 1) * (1 + max(row for _, row in places.values())):
        higher = route(places, ways, width, height, HIGH)
        return layout if layout.undrawn < higher.undrawn else higher
    return layout


def _columns(box: int, width: int) -> int:
    return (width + LEAST_GAP) // (max(box, LEAST_BOX) + LEAST_GAP)
