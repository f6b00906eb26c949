"""Each event of a window: marks, bars and arrows."""

from __future__ import annotations

from typing import Final

import numpy as np

from backend.events.vocabulary import GAP, SYSTEM
from debugger.log import ABSENT, EventLog
from debugger.tui.timeline.blocks import Numbers
from debugger.tui.timeline.lanes import By, lane_keys, lane_of
from debugger.tui.timeline.pairing import OPEN, activations, arrows
from debugger.tui.timeline.project import Projection
from debugger.tui.timeline.scene import Arrow, Bar, Scene, places
from debugger.tui.timeline.signs import FAILED

MOST_BARS: Final = 1_200
"""Of more, the longest are drawn."""

MOST_ARROWS: Final = 240
"""Of more, only those of the cursor are drawn."""


def detailed(
    scene: Scene, log: EventLog, by: By, projection: Projection, rows: Numbers, around: Numbers
) -> Scene:
    """The same with each event, bars and arrows. ``rows`` are in view; ``around`` are those and some more."""
    keys = np.array(scene.shown.keys, np.int64)
    cells = projection.cells(rows)
    row_keys = lane_keys(log, by, rows)
    lanes, known = places(keys, row_keys)
    known &= (cells >= 0) & (cells < projection.width)
    marks = scene.rows.copy()
    marks[lanes[known], cells[known]] = rows[known]
    named = scene.lanes
    if by is By.TASK and len(rows):
        components = log.column("component")
        first = dict(zip(row_keys[::-1].tolist(), rows[::-1].tolist(), strict=True))
        named = tuple(
            lane_of(log, by, lane.key, int(components[first[lane.key]]) if lane.key in first else ABSENT)
            for lane in scene.lanes
        )
    return scene._replace(
        lanes=named,
        rows=marks,
        bars=_bars(log, by, projection, keys, around),
        arrows=_arrows(log, by, projection, keys, around),
        gaps=_gaps(log, projection, rows),
    )


def _bars(log: EventLog, by: By, projection: Projection, keys: Numbers, around: Numbers) -> tuple[Bar, ...]:
    found = activations(log, around)
    if not len(found.seen):
        return ()
    width = projection.width
    starts = np.full(len(found.seen), -1, np.int64)
    began = found.starts != OPEN
    starts[began] = projection.cells(found.starts[began])
    # What has not ended where one looked goes on to the last event that is there.
    stops = np.full(len(found.seen), int(projection.cells(around[-1:])[0]), np.int64)
    ended = found.stops != OPEN
    stops[ended] = projection.cells(found.stops[ended])
    lanes, known = places(keys, lane_keys(log, by, found.seen))
    known &= (stops >= starts) & (stops >= 0) & (starts < width) & ((stops > starts) | found.failed)
    chosen = np.flatnonzero(known)
    if len(chosen) > MOST_BARS:
        chosen = chosen[np.argsort(starts[chosen] - stops[chosen], kind="stable")[:MOST_BARS]]
    chosen = chosen[np.argsort(found.handler[chosen], kind="stable")]  # handlers over the tasks behind them
    families = log.column("family")[np.where(began & found.handler, found.starts, found.seen)]
    return tuple(
        Bar(lane, start, stop, family, handler, FAILED if failed else "", last)
        for lane, start, stop, family, handler, failed, last in zip(
            lanes[chosen].tolist(),
            starts[chosen].tolist(),
            stops[chosen].tolist(),
            families[chosen].tolist(),
            found.handler[chosen].tolist(),
            found.failed[chosen].tolist(),
            found.stops[chosen].tolist(),
            strict=True,
        )
    )


def _arrows(
    log: EventLog, by: By, projection: Projection, keys: Numbers, around: Numbers
) -> tuple[Arrow, ...]:
    found = arrows(log, around)
    starts, stops = projection.cells(found.sources), projection.cells(found.targets)
    sources, source_known = places(keys, lane_keys(log, by, found.sources))
    targets, target_known = places(keys, lane_keys(log, by, found.targets))
    inside = (stops >= 0) & (stops < projection.width) & (starts < projection.width)
    chosen = np.flatnonzero(inside & source_known & target_known & (sources != targets))
    if len(chosen) > MOST_ARROWS and not bool(found.guessed.any()):
        return ()
    chosen = chosen[:MOST_ARROWS]
    families = log.column("family")[found.targets]
    columns = (found.sources, found.targets, sources, targets, starts, stops, families, found.guessed)
    return tuple(Arrow(*values) for values in zip(*(one[chosen].tolist() for one in columns), strict=True))


def arrow_between(
    scene: Scene, log: EventLog, by: By, projection: Projection, source: int, target: int
) -> Arrow | None:
    """The arrow of two rows; None where a lane is not in view, both are one, or both ends are outside."""
    rows = np.array((source, target), np.int64)
    keys = lane_keys(log, by, rows).tolist()
    source_lane, target_lane = scene.lane(keys[0]), scene.lane(keys[1])
    start, stop = projection.cells(rows).tolist()
    if source_lane is None or target_lane is None or source_lane == target_lane:
        return None
    if max(start, stop) < 0 or min(start, stop) >= projection.width:
        return None
    family = int(log.column("family")[target])
    return Arrow(source, target, source_lane, target_lane, start, stop, family, guessed=False)


def _gaps(log: EventLog, projection: Projection, rows: Numbers) -> tuple[int, ...]:
    """Cells in which the log says that something is missing."""
    system, gap = log.id_of("event_type", SYSTEM), log.id_of("message_type", GAP)
    if system is None or gap is None:
        return ()
    there = rows[(log.column("event_type")[rows] == system) & (log.column("message_type")[rows] == gap)]
    cells = projection.cells(there)
    return tuple(sorted(set(cells[(cells >= 0) & (cells < projection.width)].tolist())))
