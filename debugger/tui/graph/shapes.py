"""What a layout is made of, in cells."""

from __future__ import annotations

from typing import Final, NamedTuple

Cell = tuple[int, int]
"""(x, y)"""

LOW: Final = 3
"""Rows of a box with one line in it."""

HIGH: Final = 4
"""Rows of a box with two."""

HUB: Final = "\0bus"
"""Instead of a component's name: the bus. A component that calls itself so has no place in the graph."""


class Box(NamedTuple):
    """A rectangle."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The first column beyond it."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The first row beyond it."""
        return self.y + self.height

    @property
    def middle(self) -> Cell:
        """Its cell in the middle."""
        return self.x + self.width // 2, self.y + self.height // 2

    def holds(self, x: int, y: int) -> bool:
        """Whether a cell is in it."""
        return self.x <= x < self.right and self.y <= y < self.bottom

    def beside(self, cell: Cell) -> Cell:
        """The cell of its border next to a cell outside."""
        x, y = cell
        return min(max(x, self.x), self.right - 1), min(max(y, self.y), self.bottom - 1)


class Route(NamedTuple):
    """A line from a box to another, without the borders of either. `HUB` may be at its end."""

    source: str
    target: str
    cells: tuple[Cell, ...]


class Layout(NamedTuple):
    """Boxes for as many components as fit, and lines between them.

    ``left_out`` are the components without a box, ``undrawn`` the ways for which there was no room.
    """

    boxes: dict[str, Box]
    routes: tuple[Route, ...]
    left_out: tuple[str, ...] = ()
    undrawn: int = 0
    hub: Box | None = None

    def box(self, name: str) -> Box:
        """The box of a component, or that of the hub."""
        return self.hub if name == HUB and self.hub is not None else self.boxes[name]
