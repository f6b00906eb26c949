"""A recording whose events come twice, or not in the order in which their sources counted them, put right.

Two recorders of one program, lines that were written twice or sorted by something else: judged as it stands,
such a log shows what never happened. ``source`` and ``seq`` say how it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from backend.events import BrokenLineError, Event, decode_line
from debugger.analysis.findings import Finding
from debugger.log import NONE, EventLog
from debugger.log.distinct import distinct

_AT_ONCE: Final = 1024
_AGAIN: Final = "repeated-events"
_MOVED: Final = "disordered-events"

Rows = NDArray[np.int64]


class Mended(Struct, frozen=True):
    """What was wrong: so many events were there again, the first in this row; so many stood elsewhere.

    ``rows`` says where each of the log's events was, None if all are where they were.
    """

    log: EventLog
    again: int = 0
    first_again: int = -1
    moved: int = 0
    first_moved: int = -1
    rows: Rows | None = None

    def findings(self) -> tuple[Finding, ...]:
        """What was put right before the log was judged; of the rows of the log that was given."""
        found = []
        if self.again:
            message = f"{self.again:,} events are there a second time, with the source and count of another"
            why = "each was judged once: two recordings of one program, or lines that were written twice"
            found.append(Finding(_AGAIN, "integrity", "warning", message, why, row=self.first_again))
        if self.moved:
            message = f"{self.moved:,} events are not where their source counted them"
            why = "they were judged, and are numbered here, in the order of their counts"
            found.append(Finding(_MOVED, "integrity", "warning", message, why, row=self.first_moved))
        return tuple(found)


def mended(log: EventLog) -> Mended:
    """The log itself if all is well with it, else one without the second copies, in order.

    Rows that are told are those of the log that was given. Events without a source or count stay where they
    are, and so do all where the order of counts would be less that of their clocks.
    """
    plan = _planned(log)
    for _ in told_anew(log, plan):
        pass
    return plan


def to_mend(log: EventLog) -> Mended | None:
    """As `mended`, but with nothing in the new log yet: that is for `told_anew`. None if all is well."""
    plan = _planned(log)
    return None if plan.log is log else plan


def _planned(log: EventLog) -> Mended:
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
        EventLog(),
        len(copies),
        int(copies.min()) if len(copies) else -1,
        len(moved),
        int(moved[0]) if len(moved) else -1,
        slots[kept],
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


def told_anew(log: EventLog, plan: Mended) -> Iterator[None]:
    """Fill the new log, some rows at once; what was broken is broken in it too."""
    new, rows = plan.log, plan.rows
    if rows is None:
        return
    stores, offsets, lengths = (log.column(name)[rows] for name in ("store", "offset", "length"))
    numbers = {int(one): new.add_store(log.store_of(int(one))) for one in distinct(stores)}
    for start in range(0, len(rows), _AT_ONCE):
        at = slice(start, start + _AT_ONCE)
        events = [_event(log, row) for row in rows[at].tolist()]
        places = [numbers[one] for one in stores[at].tolist()]
        new.extend(events, places, offsets[at].tolist(), lengths[at].tolist())
        yield
    stats = log.brief
    for line in stats.broken:
        new.add_broken(line)
    for _ in range(stats.broken_count - len(stats.broken) - len(stats.torn)):
        new.add_broken(stats.broken[-1])
    for line in stats.torn:
        new.set_torn(line.path, line)


def _event(log: EventLog, row: int) -> Event:
    """As its line has it; of one that somebody wrote over meanwhile, what the log knows."""
    try:
        return decode_line(log.raw(row))
    except BrokenLineError:
        header = log.header(row)
        return Event(
            header.timestamp_ns / 1e9,
            header.event_type,
            header.component,
            message_type=header.message_type,
            session_id=header.session_id,
            timestamp_ns=header.timestamp_ns,
        )
