"""Findings on the timeline: where they are; of the chosen one both events and the edge that is missing."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from debugger.log import EventLog
from debugger.tui.findings.chosen import Chosen, Markers
from debugger.tui.timeline.canvas import Canvas, Ground, Tone
from debugger.tui.timeline.draw import Rows
from debugger.tui.timeline.lanes import By, lane_keys
from debugger.tui.timeline.project import Projection
from debugger.tui.timeline.scene import Scene
from debugger.tui.timeline.signs import (
    AFTER,
    BEFORE,
    COULD,
    FIRST,
    NOT_ACROSS,
    NOT_AHEAD,
    NOTHING,
    SECOND,
    WENT_WRONG,
)


class End(NamedTuple):
    """An event in the picture: its cell (-1 and the width: outside), and its line."""

    cell: int
    y: int


def draw_markers(axis: Canvas, projection: Projection, markers: Markers, free: range, first_row: int) -> None:
    """On the line of the axis, but for the cells of `free`, which are the cursor's time."""
    rows = markers.rows[markers.rows >= first_row] if len(markers.rows) else markers.rows
    if not len(rows):
        return
    bad = markers.bad[len(markers.rows) - len(rows) :]
    cells = projection.cells(rows)
    for cell in np.unique(cells[(cells >= 0) & (cells < projection.width)]).tolist():
        if cell not in free:
            worst = bool(bad[cells == cell].any())
            axis.put(cell, 0, WENT_WRONG if worst else COULD, Tone.BAD if worst else Tone.WARN)


def draw_chosen(
    canvas: Canvas, scene: Scene, log: EventLog, by: By, projection: Projection, chosen: Chosen, rows: Rows
) -> None:
    """Both events as letters on their lanes, and the missing edge from one end to the other."""
    tone = Tone.BAD if chosen.bad else Tone.WARN
    ends = [_end(scene, log, by, projection, row, rows) for row in chosen.missing]
    if len(ends) == 2 and ends[0] is not None and ends[1] is not None:  # noqa: PLR2004 - from one to the other
        _edge(canvas, scene, rows, ends[0], ends[1], tone)
    taken: set[End] = set()
    for letter, row in ((FIRST, chosen.first), (SECOND, chosen.second)):
        end = _end(scene, log, by, projection, row, rows)
        if end is None:
            continue
        if end in taken:
            end = end._replace(cell=end.cell + 1)  # both in one cell: side by side
        taken.add(end)
        _letter(canvas, end, letter, tone)


def _end(scene: Scene, log: EventLog, by: By, projection: Projection, row: int, rows: Rows) -> End | None:
    if not log.first_row <= row < len(log):
        return None
    at = np.array((row,), np.int64)
    lane = scene.lane(int(lane_keys(log, by, at)[0]))
    return None if lane is None else End(int(projection.cells(at)[0]), rows.line(lane))


def _letter(canvas: Canvas, end: End, letter: str, tone: Tone) -> None:
    """A letter, with an arrow beside it where its event is outside."""
    last = canvas.width - 1
    cell = min(max(end.cell, 0), last)
    if end.cell < 0:
        canvas.put(0, end.y, BEFORE, tone)
        cell = 1
    elif end.cell > last:
        canvas.put(last, end.y, AFTER, tone)
        cell = last - 1
    canvas.put(cell, end.y, letter, tone)
    canvas.ground(max(cell, 0), max(cell, 0) + 1, end.y, Ground.CURSOR)


def _edge(canvas: Canvas, scene: Scene, rows: Rows, begin: End, end: End, tone: Tone) -> None:
    """Dashed, along the first one's lane and then to the second one's, with a cross in the middle."""
    last = canvas.width - 1
    left, right = (min(max(one.cell, 0), last) for one in (begin, end))
    low, high = sorted((left, right))
    # On the lane itself there are events: what is seen of a lane is seen better on the line under it.
    y = begin.y + (1 if rows.pitch > 1 and begin.y + 1 < canvas.height else 0)
    path = [(cell, y) for cell in range(low, high + 1)]
    path += [(right, line) for line in range(min(y, end.y) + 1, max(y, end.y))]
    events = scene.counts.counts
    lanes = {rows.line(lane): lane for lane in range(len(scene.lanes))}
    for cell, line in path:
        lane = lanes.get(line)
        if lane is not None and lane < events.shape[0] and cell < events.shape[1] and events[lane, cell]:
            continue  # an event is not hidden by what is not there
        canvas.put(cell, line, NOT_AHEAD if line == y else NOT_ACROSS, tone)
    if path:
        flat = [place for place in path if place[1] == y]
        middle = flat[len(flat) // 2] if len(flat) > 2 else path[len(path) // 2]  # noqa: PLR2004 - the ends are letters
        canvas.put(*middle, NOTHING, tone)
