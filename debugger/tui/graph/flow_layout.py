"""The flow view: who talks to whom, in layers from left to right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from debugger.tui.graph.channels import LEAST_BOX, LEAST_GAP, route
from debugger.tui.graph.layers import Way, layered, seats
from debugger.tui.graph.shapes import HIGH, LOW, Layout

_LEAST_ROW: Final = LOW + 1  # a box, and one lane
_MOST_WAYS: Final = 200


def arrange_flow(names: tuple[str, ...], ways: Mapping[Way, int], width: int, height: int) -> Layout | None:
    """Lay out `names`, whose order is that of their importance; None where there is no room for two."""
    columns, rows = (width + LEAST_GAP) // (LEAST_BOX + LEAST_GAP), (height - 1) // _LEAST_ROW
    if columns < 1 or rows < 1 or columns * rows < min(len(names), 2):
        return None
    fitting, left_out = names[: columns * rows], names[columns * rows :]
    places = seats(layered(fitting, ways), columns, rows)
    heaviest = sorted(ways, key=lambda way: -ways[way])[:_MOST_WAYS]
    layout = route(places, heaviest, width, height, LOW)
    if height >= (HIGH + 1) * (1 + max(row for _, row in places.values())):
        higher = route(places, heaviest, width, height, HIGH)
        layout = layout if layout.undrawn < higher.undrawn else higher
    return layout._replace(left_out=left_out)
