"""A recording whose events come twice, or not in the order in which their sources counted them, put right.

Two recorders of one program, lines that were written twice or sorted by something else: judged as it stands,
such a log shows what never happened. ``source`` and ``seq`` say how it was.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from backend.events import BrokenLineError, Event, decode_line
from debugger.log import NONE, EventLog

_AT_ONCE: Final = 4096

Rows = NDArray[np.int64]


class Mended(Struct, frozen=True):
    """What was wrong: so many events were there again, the first in this row; so many stood elsewhere."""

    log: EventLog
    again: int = 0
    first_again: int = -1
    moved: int = 0
    first_moved: int = -1


def mended(log: EventLog) -> Mended:
    """The log itself if all is well with it, else one without the second copies, in order.

    Rows that are told are those of the log that was given. Events without a source or count stay where they
    are, and so do all where the order of counts would be less that of their clocks.
    """
    sources, seqs = log.column("source"), log.column("seq")
    rows = _by_source(sources)
    if _ascending(sources, seqs, rows):
        return Mended(log)
    counted = rows[seqs[rows] != NONE]
    times = log.column("timestamp_ns")
    sorted_rows = counted[np.lexsort((times[counted], seqs[counted], sources[counted]))]
    copies = _copies(sorted_rows, sources, seqs, times)
    kept = np.ones(len(log), bool)
    kept[copies] = False
    slots = np.arange(len(log), dtype=np.int64)
    places, events = counted[kept[counted]], sorted_rows[kept[sorted_rows]]
    if _descents(sources, times, events) <= _descents(sources, times, places):
        slots[places] = events
    moved = np.flatnonzero(slots != np.arange(len(log)))
    if not len(copies) and not len(moved):
        return Mended(log)
    return Mended(
        _told_anew(log, slots[kept]),
        len(copies),
        int(copies.min()) if len(copies) else -1,
        len(moved),
        int(moved[0]) if len(moved) else -1,
    )


def _by_source(sources: NDArray[np.integer]) -> Rows:
    """All rows, those of a source together and in order."""
    if not len(sources) or (sources == sources[0]).all():
        return np.arange(len(sources), dtype=np.int64)
    return np.argsort(sources, kind="stable")


def _ascending(sources: NDArray[np.integer], seqs: NDArray[np.integer], rows: Rows) -> bool:
    """Whether every source counts up."""
    counts, of = seqs[rows], sources[rows]
    back = (counts[1:] <= counts[:-1]) & (of[1:] == of[:-1]) & (counts[1:] != NONE)
    return not back.any()


def _copies(
    rows: Rows, sources: NDArray[np.integer], seqs: NDArray[np.integer], times: NDArray[np.int64]
) -> Rows:
    """Of sorted rows those that have source, count and time of the row before."""
    same = np.ones(max(len(rows) - 1, 0), bool)
    for column in (sources, seqs, times):
        values = column[rows]
        same &= values[1:] == values[:-1]
    return rows[1:][same]


def _descents(sources: NDArray[np.integer], times: NDArray[np.int64], rows: Rows) -> int:
    """How often the clock of a source goes back, its rows being in this order."""
    of, at = sources[rows], times[rows]
    return int(np.count_nonzero((at[1:] < at[:-1]) & (of[1:] == of[:-1])))


def _told_anew(log: EventLog, rows: Rows) -> EventLog:
    """A log of these rows, in this order; what was broken is broken in it too."""
    new = EventLog()
    stores, offsets, lengths = (log.column(name)[rows] for name in ("store", "offset", "length"))
    numbers = {int(one): new.add_store(log.store_of(int(one))) for one in np.unique(stores)}
    for start in range(0, len(rows), _AT_ONCE):
        events: list[Event] = []
        taken: list[int] = []
        for number, row in enumerate(rows[start : start + _AT_ONCE].tolist(), start):
            try:
                events.append(decode_line(log.raw(row)))
            except BrokenLineError:
                continue  # somebody wrote to the file meanwhile
            taken.append(number)
        places = [numbers[one] for one in stores[taken].tolist()]
        new.extend(events, places, offsets[taken].tolist(), lengths[taken].tolist())
    stats = log.brief
    for line in stats.broken:
        new.add_broken(line)
    for _ in range(stats.broken_count - len(stats.broken) - len(stats.torn)):
        new.add_broken(stats.broken[-1])
    for line in stats.torn:
        new.set_torn(line.path, line)
    return new
