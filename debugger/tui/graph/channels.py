"""Lines between boxes on a grid: each has a lane of its own, and may only cross others. Pure geometry.

Between the rows of boxes, and between the columns, are channels. A line leaves its box at a
port of the upper or lower side, runs along a lane of the channel there, if need be along one of a
channel between columns to the channel of the other row, and enters the other box at a port of
its own. No two ports of a channel are in one column of cells, and no two lines share a piece of a
lane: so lines meet only where one goes straight across the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from debugger.tui.graph.layers import Way
from debugger.tui.graph.shapes import HIGH, Box, Cell, Layout, Route

Seat = tuple[int, int]
"""(column, row) on the grid."""

LEAST_BOX: Final = 12
_WIDEST_BOX: Final = 26
LEAST_GAP: Final = 3  # between columns: a line, and an arrow
_ROOMY_GAP: Final = 15
_ROOMY_ROWS: Final = 4


class _Plan(NamedTuple):
    """Which channels a line takes: ``leave`` and ``enter`` between rows, ``over`` between columns."""

    way: Way
    leave: int
    enter: int
    over: int | None


class _Straight(NamedTuple):
    way: Way
    one: Seat
    other: Seat


Span = tuple[int, int, int]
"""(low, high, number of the plan)"""


def route(
    seats: Mapping[str, Seat], ways: Sequence[Way], width: int, height: int, high: int = HIGH
) -> Layout:
    """Boxes on their seats and lines between them; of `ways` the first are the most important.

    Boxes are `high`, which must fit.
    """
    columns = max((column for column, _ in seats.values()), default=-1) + 1
    rows = max((row for _, row in seats.values()), default=-1) + 1
    if not columns:
        return Layout({}, ())
    straight, plans = _plans(seats, ways, columns)
    # Lanes between columns, then where the columns are, then lanes between rows, then where those are.
    room = width - columns * LEAST_BOX - (columns - 1) * LEAST_GAP - 2
    crossing = _between_columns(plans, columns, room)
    plans = [plan for plan in plans if plan.over is None or plan.way in crossing.lane]
    upright = _columns(columns, width, crossing.lanes)
    ports = _ports(seats, plans, straight, upright)
    plans = [plan for plan in plans if plan.way in ports]
    needed = {max(one[1], other[1]) for _, one, other in straight if one[0] == other[0]}
    level = _between_rows(plans, ports, upright, crossing, rows, height - rows * high - len(needed))
    plans = [plan for plan in plans if all((plan.way, h) in level.lane for h in {plan.leave, plan.enter})]
    tops, starts = _rows(rows, height, high, level.lanes, needed)
    boxes = {
        name: Box(upright.lefts[column], tops[row], upright.box, high)
        for name, (column, row) in seats.items()
    }
    routes = [_straight_route(one, boxes) for one in straight]
    for plan in plans:
        y_out = starts[plan.leave] + level.lane[plan.way, plan.leave]
        y_in = starts[plan.enter] + level.lane[plan.way, plan.enter]
        x_over = None if plan.over is None else upright.gaps[plan.over] + crossing.lane[plan.way]
        routes.append(_bent_route(plan.way, boxes, ports[plan.way], (y_out, y_in), x_over))
    wanted = {way for way in ways if way[0] != way[1] and way[0] in seats and way[1] in seats}
    return Layout(boxes, tuple(routes), undrawn=len(wanted) - len(routes))


# --- which way ------------------------------------------------------------------------------


def _plans(
    seats: Mapping[str, Seat], ways: Iterable[Way], columns: int
) -> tuple[list[_Straight], list[_Plan]]:
    straight: list[_Straight] = []
    plans: list[_Plan] = []
    taken: set[tuple[Seat, Seat]] = set()
    used: dict[int, int] = defaultdict(int)
    for way in dict.fromkeys(ways):
        one, other = seats.get(way[0]), seats.get(way[1])
        if one is None or other is None or one == other:
            continue
        (column, row), (to_column, to_row) = one, other
        beside = (min(one, other), max(one, other))
        if abs(column - to_column) + abs(row - to_row) == 1 and beside not in taken:
            taken.add(beside)
            straight.append(_Straight(way, one, other))
        elif abs(row - to_row) <= 1:
            channel = max(row, to_row) if row != to_row else row + (to_column < column)
            plans.append(_Plan(way, channel, channel, None))
        else:
            leave, enter = (row + 1, to_row) if to_row > row else (row, to_row + 1)
            low, high = min(column, to_column), max(column, to_column) + 1
            inner = [one for one in range(low, high + 1) if 0 < one < columns] or [low, high]
            over = min(inner, key=lambda one: (used[one], abs(2 * one - low - high)))
            used[over] += 1
            plans.append(_Plan(way, leave, enter, over))
    return straight, plans


# --- lanes ------------------------------------------------------------------------------------


def _packed(spans: Sequence[Span]) -> list[list[Span]]:
    """Spans in as few lanes as possible, none touching another."""
    lanes: list[list[Span]] = []
    for span in sorted(spans):
        free = next((lane for lane in lanes if lane[-1][1] + 1 < span[0]), None)
        if free is None:
            lanes.append([span])
        else:
            free.append(span)
    return lanes


def _keep(lanes: dict[int, list[list[Span]]], room: int) -> None:
    """Take lanes away, of the fullest channel that with the least important lines, until all fit."""
    over = sum(map(len, lanes.values())) - max(room, 0)
    for _ in range(over):
        fullest = max(lanes.values(), key=len)
        fullest.remove(max(fullest, key=lambda lane: min(number for _, _, number in lane)))


class _Lanes(NamedTuple):
    """How many lanes each channel has, and in which of them each line runs."""

    lanes: dict[int, int]
    lane: dict[Way, int]


def _between_columns(plans: Sequence[_Plan], columns: int, room: int) -> _Lanes:
    spans: dict[int, list[Span]] = {gap: [] for gap in range(columns + 1)}
    for number, plan in enumerate(plans):
        if plan.over is not None:
            low, high = sorted((plan.leave, plan.enter))
            spans[plan.over].append((2 * low, 2 * high, number))  # doubled: next rows do not touch
    lanes = {gap: _packed(some) for gap, some in spans.items()}
    _keep(lanes, room)
    placed = {
        plans[number].way: at
        for some in lanes.values()
        for at, lane in enumerate(some)
        for _, _, number in lane
    }
    return _Lanes({gap: len(some) for gap, some in lanes.items()}, placed)


class _Upright(NamedTuple):
    """Columns: left edges, the width of a box, and the first lane's column in each gap."""

    lefts: list[int]
    gaps: list[int]
    box: int


def _columns(columns: int, width: int, lanes: Mapping[int, int]) -> _Upright:
    margins = [lanes[gap] + (lanes[gap] > 0) for gap in (0, columns)]
    inner = [max(lanes[gap] + 2, LEAST_GAP) for gap in range(1, columns)]
    spare = width - sum(margins) - sum(inner)
    box = min(max(spare // columns, 3), _WIDEST_BOX)
    spare -= box * columns
    wider = min(spare // (columns - 1), _ROOMY_GAP) if columns > 1 and spare > 0 else 0
    indent = max(spare - wider * (columns - 1), 0) // 2
    gaps, lefts, x = [indent], [], indent + margins[0]
    for number in range(columns):
        lefts.append(x)
        x += box
        if number < columns - 1:
            room = inner[number] + wider
            gaps.append(x + (room - lanes[number + 1]) // 2)
            x += room
    gaps.append(x + 1)
    return _Upright(lefts, gaps, box)


class _Level(NamedTuple):
    lanes: dict[int, int]
    lane: dict[tuple[Way, int], int]


def _between_rows(
    plans: Sequence[_Plan],
    ports: Mapping[Way, tuple[int, int]],
    upright: _Upright,
    crossing: _Lanes,
    rows: int,
    room: int,
) -> _Level:
    spans: dict[int, list[Span]] = {channel: [] for channel in range(rows + 1)}
    for number, plan in enumerate(plans):
        x_out, x_in = ports[plan.way]
        if plan.over is None:
            spans[plan.leave].append((min(x_out, x_in), max(x_out, x_in), number))
            continue
        x_over = upright.gaps[plan.over] + crossing.lane[plan.way]
        spans[plan.leave].append((min(x_out, x_over), max(x_out, x_over), number))
        spans[plan.enter].append((min(x_in, x_over), max(x_in, x_over), number))
    lanes = {channel: _packed(some) for channel, some in spans.items()}
    _keep(lanes, room)
    placed = {
        (plans[number].way, channel): at
        for channel, some in lanes.items()
        for at, lane in enumerate(some)
        for _, _, number in lane
    }
    return _Level({channel: len(some) for channel, some in lanes.items()}, placed)


def _rows(
    rows: int, height: int, high: int, lanes: Mapping[int, int], needed: set[int]
) -> tuple[list[int], list[int]]:
    """Top edges of the rows of boxes, and the first lane of each channel."""
    channels = [max(lanes[channel], int(channel in needed)) for channel in range(rows + 1)]
    spare = height - sum(channels) - rows * high
    wider = min(spare // (rows - 1), _ROOMY_ROWS) if rows > 1 and spare > 0 else 0
    y = max(spare - wider * (rows - 1), 0) // 2
    tops, starts = [], []
    for channel in range(rows + 1):
        extra = wider if 0 < channel < rows else 0
        starts.append(y + extra // 2 + (channels[channel] - lanes[channel]) // 2)
        y += channels[channel] + extra
        tops.append(y)
        y += high
    return tops[:rows], starts


# --- ports -------------------------------------------------------------------------------------


def _ports(
    seats: Mapping[str, Seat], plans: Sequence[_Plan], straight: Sequence[_Straight], upright: _Upright
) -> dict[Way, tuple[int, int]]:
    """The columns of cells in which each line leaves and enters; lines that found none are not in it."""
    # The boxes above and below a channel share its ports, so that no two are in one column.
    wanted: dict[tuple[int, int], list[tuple[int, int, bool]]] = defaultdict(list)
    for number, plan in enumerate(plans):
        for leaves, channel in ((True, plan.leave), (False, plan.enter)):
            here, there = plan.way if leaves else plan.way[::-1]
            column = seats[here][0]
            aim = upright.lefts[seats[there][0]] if plan.over is None else upright.gaps[plan.over]
            wanted[channel, column].append((aim, number, leaves))
    centres = {(max(one[1], other[1]), one[0]) for _, one, other in straight if one[0] == other[0]}
    found: dict[tuple[int, bool], int] = {}
    for (channel, column), asking in wanted.items():
        left = upright.lefts[column]
        free = list(range(left + 1, left + upright.box - 1))
        if (channel, column) in centres:
            free.remove(left + upright.box // 2)
        foremost = sorted(asking, key=lambda one: one[1])[: len(free)]
        for at, (_, number, leaves) in zip(_spread(free, len(foremost)), sorted(foremost), strict=True):
            found[number, leaves] = at
    return {
        plan.way: (found[number, True], found[number, False])
        for number, plan in enumerate(plans)
        if (number, True) in found and (number, False) in found
    }


def _spread(free: Sequence[int], count: int) -> list[int]:
    """So many of the free places, evenly, not at the corners if that can be."""
    return [free[(2 * number + 1) * len(free) // (2 * count)] for number in range(count)]


# --- lines --------------------------------------------------------------------------------------


def _straight_route(line: _Straight, boxes: Mapping[str, Box]) -> Route:
    (source, target), box, to = line.way, boxes[line.way[0]], boxes[line.way[1]]
    cells: list[Cell]
    if line.one[1] == line.other[1]:
        y = box.y + 1
        cells = [
            (x, y) for x in (range(box.right, to.x) if to.x > box.x else range(box.x - 1, to.right - 1, -1))
        ]
    else:
        x = box.x + box.width // 2
        cells = [
            (x, y) for y in (range(box.bottom, to.y) if to.y > box.y else range(box.y - 1, to.bottom - 1, -1))
        ]
    return Route(source, target, tuple(cells))


def _bent_route(
    way: Way, boxes: Mapping[str, Box], ports: tuple[int, int], lanes: tuple[int, int], x_over: int | None
) -> Route:
    box, to = boxes[way[0]], boxes[way[1]]
    (x_out, x_in), (y_out, y_in) = ports, lanes
    start = (x_out, box.bottom if y_out >= box.bottom else box.y - 1)
    end = (x_in, to.bottom if y_in >= to.bottom else to.y - 1)
    corners = [start, (x_out, y_out)]
    if x_over is not None:
        corners += [(x_over, y_out), (x_over, y_in)]
    return Route(way[0], way[1], _line([*corners, (x_in, y_in), end]))


def _line(corners: Sequence[Cell]) -> tuple[Cell, ...]:
    """All cells from corner to corner, each once."""
    cells = [corners[0]]
    for x, y in corners[1:]:
        at_x, at_y = cells[-1]
        step_x, step_y = (x > at_x) - (x < at_x), (y > at_y) - (y < at_y)
        while (at_x, at_y) != (x, y):
            at_x, at_y = at_x + step_x, at_y + step_y
            cells.append((at_x, at_y))
    return tuple(cells)
