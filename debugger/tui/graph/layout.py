"""Where the boxes and the spokes are. Pure geometry, in cells.

The hub is a bar in the middle. One component stands at each end of it, the others above
and below, in columns. A spoke leaves its box at the middle of the side that faces the hub,
turns at most twice, and meets the hub at a place of its own; outer spokes turn nearer to
the hub than inner ones, so none crosses or touches another.
"""

from __future__ import annotations

from typing import Final, NamedTuple

Cell = tuple[int, int]
"""(x, y)"""

BOX_HEIGHT: Final = 3
HUB_HEIGHT: Final = 4
_MIN_BOX: Final = 16
_WIDE_BOX: Final = 24
_MIN_SPOKE: Final = 4  # cells between the hub and the boxes at its ends
_GAP: Final = 2  # columns between boxes
_MAX_COLUMNS: Final = 7
_FEWEST: Final = 3
_MIN_HEIGHT: Final = 2 * BOX_HEIGHT + HUB_HEIGHT + 2  # a row of cells for the turns on each side of the hub
_MIN_WIDTH: Final = 3 * _MIN_BOX + 2 * _MIN_SPOKE


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


class Placed(NamedTuple):
    """A component's box and the cells of its spoke, from the box to the hub, without either's border."""

    name: str
    box: Box
    spoke: tuple[Cell, ...]


class Layout(NamedTuple):
    """Boxes for as many components as fit; ``left_out`` are the others."""

    hub: Box
    placed: tuple[Placed, ...]
    left_out: tuple[str, ...]


def arrange(names: tuple[str, ...], width: int, height: int) -> Layout | None:
    """Lay out `names`, whose order is that of their importance; None where there is no room."""
    if width < _MIN_WIDTH or height < _MIN_HEIGHT:
        return None
    columns = min(max(3, (len(names) - 1) // 2), (width + _GAP) // (_MIN_BOX + _GAP), _MAX_COLUMNS)
    while True:
        grid = _grid(columns, width, height)
        if columns <= _FEWEST or grid.turns <= _lanes(height):
            break
        columns -= 1
    fitting = names[: 2 * columns + 2]
    above, left, right, below = _seats(fitting, columns)
    hub, placed = grid.hub, []
    y_above, y_below = _outer_rows(height, hub.y)
    for number, x in enumerate(grid.lefts):
        for name, y in ((above[number], y_above), (below[number], y_below)):
            if name is not None:
                place = Box(x, y, grid.box, BOX_HEIGHT)
                placed.append(Placed(name, place, _spoke(place, hub, grid.doors[number], grid.lanes[number])))
    for name, x in ((left, 0), (right, width - grid.box)):
        if name is not None:
            y = hub.y + BOX_HEIGHT // 2
            cells = range(grid.box, hub.x) if x == 0 else range(x - 1, hub.right - 1, -1)
            placed.append(
                Placed(name, Box(x, hub.y, grid.box, BOX_HEIGHT), tuple((cell, y) for cell in cells))
            )
    return Layout(hub, tuple(placed), names[len(fitting) :])


class _Grid(NamedTuple):
    """Columns of boxes of width ``box``: left edges, doors on the hub, lanes for the turn."""

    hub: Box
    box: int
    lefts: tuple[int, ...]
    doors: tuple[int, ...]
    lanes: tuple[int, ...]
    turns: int


def _grid(columns: int, width: int, height: int) -> _Grid:
    box = min((width - _GAP * (columns - 1)) // columns, _WIDE_BOX, (width - 2 * _MIN_SPOKE) // 3)
    box -= 1 - box % 2  # odd: it has a middle, so that the right half mirrors the left one
    half = [round(number * (width - box) / (columns - 1)) for number in range((columns + 1) // 2)]
    lefts = (*half, *(width - box - left for left in half[: columns // 2][::-1]))
    side = min(max((width - 2 * box - _WIDE_BOX) // 2, _MIN_SPOKE), 12)
    hub = Box(box + side, (height - HUB_HEIGHT) // 2, width - 2 * (box + side), HUB_HEIGHT)
    doors = [left + box // 2 for left in lefts]
    # Columns beside the hub: their spokes turn, and arrive between its end and the first straight one.
    turning = sum(1 for door in doors[: columns // 2] if door < hub.x + 2)
    lanes = [0] * columns
    free = (doors[turning] if turning < columns - turning else hub.middle[0]) - hub.x
    for number in range(turning):
        place = round(free * (number + 1) / (turning + 1))
        doors[number], doors[-1 - number] = hub.x + place, hub.right - 1 - place
        lanes[number] = lanes[-1 - number] = number
    return _Grid(hub, box, lefts, tuple(doors), tuple(lanes), turning)


def _lanes(height: int) -> int:
    """Rows for turns between the hub and the boxes above it."""
    return (height - 2 * BOX_HEIGHT - HUB_HEIGHT) // 2


def _outer_rows(height: int, hub_y: int) -> tuple[int, int]:
    """Where the boxes above and below begin: not further away than looks well."""
    distance = min(_lanes(height), 4 + height // 20)
    return hub_y - distance - BOX_HEIGHT, hub_y + HUB_HEIGHT + distance


_VOICE_SEATS: Final = {
    # going around clockwise is the way of a turn, from the microphone to the loudspeaker
    "user_session": ("above", 0),
    "overseer": ("above", 1),
    "agent_context": ("above", 2),
    "database_memory": ("left", 0),
    "llm_orchestrator": ("right", 0),
    "audio_output": ("below", 0),
    "tts_orchestrator": ("below", 1),
    "text_queue_manager": ("below", 2),
}


def _seats(
    names: tuple[str, ...], columns: int
) -> tuple[list[str | None], str | None, str | None, list[str | None]]:
    """Who sits above, at the left and right end, and below."""
    seats: dict[tuple[str, int], str] = {seat: name for name, seat in _VOICE_SEATS.items() if name in names}
    free = [
        seat
        for number in range(columns)
        for seat in (("above", number), ("below", number))
        if seat not in seats
    ]
    free += [seat for seat in (("left", 0), ("right", 0)) if seat not in seats]
    others = (name for name in names if name not in _VOICE_SEATS)
    seats |= dict(zip(free, others, strict=False))
    above = [seats.get(("above", number)) for number in range(columns)]
    below = [seats.get(("below", number)) for number in range(columns)]
    return above, seats.get(("left", 0)), seats.get(("right", 0)), below


def _spoke(box: Box, hub: Box, door: int, lane: int) -> tuple[Cell, ...]:
    x = box.middle[0]
    above = box.y < hub.y
    start, end = (box.bottom, hub.y - 1) if above else (box.y - 1, hub.bottom)
    step = 1 if above else -1
    if x == door:
        return tuple((x, y) for y in range(start, end + step, step))
    turn = end - step * lane
    turn = max(turn, start) if above else min(turn, start)
    sideways = 1 if door > x else -1
    down = [(x, y) for y in range(start, turn, step)]
    across = [(cell, turn) for cell in range(x, door + sideways, sideways)]
    rest = [(door, y) for y in range(turn + step, end + step, step)]
    return (*down, *across, *rest)
