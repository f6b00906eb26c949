"""The bus view: where the boxes and the spokes are. Pure geometry, in cells.

The hub is a bar in the middle. With few components, one stands at each end of it, the others
above and below, in columns. A spoke leaves its box at the middle of the side that faces the hub,
turns at most twice, and meets the hub at a place of its own; outer spokes turn nearer to
the hub than inner ones, so none crosses or touches another. With many, the hub is as wide as the
pane, and boxes stand over each other: the spokes of the outer ones pass the inner ones at the side.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from debugger.tui.graph.shapes import HIGH, HUB, LOW, Box, Cell, Layout, Route

HUB_HEIGHT: Final = 4
_MIN_BOX: Final = 16
_WIDE_BOX: Final = 24
_MIN_SPOKE: Final = 4  # cells between the hub and the boxes at its ends
_GAP: Final = 2  # columns between boxes
_MAX_COLUMNS: Final = 7
_FEWEST: Final = 3
_LEAST_LANES: Final = 2  # between hub and boxes, before boxes grow
_MIN_HEIGHT: Final = 2 * LOW + HUB_HEIGHT + 2  # a row of cells for the turns on each side of the hub
_MIN_WIDTH: Final = 3 * _MIN_BOX + 2 * _MIN_SPOKE
_MOST_STOREYS: Final = 5


def arrange_hub(names: tuple[str, ...], width: int, height: int) -> Layout | None:
    """Lay out `names`, whose order is that of their importance; None where many would be left out."""
    if width < _MIN_WIDTH or height < _MIN_HEIGHT:
        return None
    few = _few(names, width, height)
    if not few.left_out:
        return few
    many = _many(names, width, height)
    most = many if len(many.left_out) < len(few.left_out) else few
    return most if 4 * len(most.left_out) <= len(names) else None


# --- few ------------------------------------------------------------------------------------


def _few(names: tuple[str, ...], width: int, height: int) -> Layout:
    columns = min(max(3, (len(names) - 1) // 2), (width + _GAP) // (_MIN_BOX + _GAP), _MAX_COLUMNS)
    while True:
        grid = _grid(columns, width, height)
        if columns <= _FEWEST or grid.turns <= _lanes(height, LOW):
            break
        columns -= 1
    high = HIGH if _lanes(height, HIGH) >= max(grid.turns, _LEAST_LANES) else LOW
    fitting = names[: 2 * columns + 2]
    above, left, right, below = _seats(fitting, columns)
    hub, boxes, routes = grid.hub, dict[str, Box](), list[Route]()
    y_above, y_below = _outer_rows(height, hub.y, high)
    for number, x in enumerate(grid.lefts):
        for name, y in ((above[number], y_above), (below[number], y_below)):
            if name is not None:
                boxes[name] = box = Box(x, y, grid.box, high)
                routes.append(Route(name, HUB, _spoke(box, hub, grid.doors[number], grid.lanes[number])))
    for name, x in ((left, 0), (right, width - grid.box)):
        if name is not None:
            y = hub.y + 1
            cells = range(grid.box, hub.x) if x == 0 else range(x - 1, hub.right - 1, -1)
            boxes[name] = Box(x, hub.y, grid.box, high)
            routes.append(Route(name, HUB, tuple((cell, y) for cell in cells)))
    return Layout(boxes, tuple(routes), names[len(fitting) :], hub=hub)


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


def _lanes(height: int, high: int) -> int:
    """Rows for turns between the hub and the boxes above it."""
    return (height - 2 * high - HUB_HEIGHT) // 2


def _outer_rows(height: int, hub_y: int, high: int) -> tuple[int, int]:
    """Where the boxes above and below begin: not further away than looks well."""
    distance = min(_lanes(height, high), 4 + height // 20)
    return hub_y - distance - high, hub_y + HUB_HEIGHT + distance


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


# --- many -----------------------------------------------------------------------------------


def _many(names: tuple[str, ...], width: int, height: int) -> Layout:
    """As few storeys as seat everybody, or as many as there is room for."""
    most = min((height - HUB_HEIGHT - 2) // (2 * LOW), _MOST_STOREYS)
    storeys, columns = 1, 1
    for storeys in range(1, most + 1):
        columns = max((width + 1) // (_MIN_BOX + _aisle(storeys)), 1)
        if 2 * storeys * columns >= len(names):
            columns = -(-len(names) // (2 * storeys))
            break
    aisle = _aisle(storeys)
    box = min((width + 1) // columns - aisle, _WIDE_BOX)
    used = columns * (box + aisle) - 1
    indent = (width - used) // 2
    hub = Box(indent, (height - HUB_HEIGHT) // 2, used, HUB_HEIGHT)
    distance = min((height - HUB_HEIGHT - 2 * storeys * LOW) // 2, _LEAST_LANES + 1)
    fitting = names[: 2 * storeys * columns]
    boxes, routes = dict[str, Box](), list[Route]()
    for number, name in enumerate(fitting):
        above, seat = number % 2 == 0, number // 2
        storey, column = divmod(seat, columns)
        y = hub.y - distance - LOW * (storey + 1) if above else hub.bottom + distance + LOW * storey
        boxes[name] = here = Box(indent + column * (box + aisle), y, box, LOW)
        routes.append(Route(name, HUB, _past(here, hub, storey)))
    return Layout(boxes, tuple(routes), names[len(fitting) :], hub=hub)


def _aisle(storeys: int) -> int:
    """Columns between boxes: one for each spoke that passes, and one to keep them apart."""
    return max(storeys, _GAP)


def _past(box: Box, hub: Box, storey: int) -> tuple[Cell, ...]:
    """The spoke: down from the first storey, at the side of the boxes below from the others."""
    above = box.y < hub.y
    step, end = (1, hub.y - 1) if above else (-1, hub.bottom)
    if storey == 0:
        x, y = box.middle[0], box.bottom if above else box.y - 1
        return tuple((x, one) for one in range(y, end + step, step))
    x, y = box.right + storey - 1, box.y + 1
    out = [(one, y) for one in range(box.right, x)]
    return (*out, *((x, one) for one in range(y, end + step, step)))
