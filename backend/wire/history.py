"""The history in pages: read from the ring in slices, so that nobody waits for who asks for much."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from backend.wire.frames import Subscribe
from backend.wire.ring import Ring, Segment
from backend.wire.shaping import Shaping
from backend.wire.sse import Cursor

MOST_EVENTS: Final = 1000
"""In a page."""

_SLICE: Final = 512  # events looked at in one step: a quarter of a millisecond
_PAGE_BYTES: Final = 8 << 20


class UnknownCursorError(LookupError):
    """The history has nothing of the run of the program in which the cursor was counted."""


class Lost(Struct, frozen=True):
    """Events that a page would have begun with, had they been kept. ``from_seq`` None: nobody knows."""

    source: str
    from_seq: int | None
    to_seq: int


class Page(Struct, frozen=True):
    """Events as they are to be sent; ``cursor`` is where it ended, ``more`` whether there is more now.

    ``gaps`` are what a page that goes on at a cursor cannot have any more. ``oldest`` and ``newest`` are the
    ends of the history that was looked at.
    """

    events: tuple[bytes, ...]
    cursor: Cursor | None
    more: bool
    gaps: tuple[Lost, ...]
    oldest: Cursor | None
    newest: Cursor | None


class HistoryReader:
    """One page of at most ``limit`` events behind the cursor, or with ``newest_first`` before it.

    Call `take` with the ring's lock held and `look` without it until there is nothing to take; `page` has the
    result. What comes meanwhile is not in it.

    Raises:
        UnknownCursorError: from the constructor.
    """

    def __init__(
        self,
        ring: Ring,
        wanted: Subscribe,
        *,
        limit: int,
        cursor: Cursor | None = None,
        newest_first: bool = False,
        times: tuple[float | None, float | None] = (None, None),
    ) -> None:
        self._ring = ring
        self._shaping = Shaping(wanted, times)
        self._limit = limit
        self._back = newest_first
        self._cursor = cursor
        self._events: list[bytes] = []
        self._room = _PAGE_BYTES
        self._gaps: list[Lost] = []
        self._oldest, self._newest = _at(ring, ring.oldest), _at(ring, ring.end - 1)
        self._first, self._end = ring.oldest, ring.end
        position = self._end if newest_first else self._first
        if cursor is not None:
            position = self._place(cursor)
        self._position = position

    def _place(self, cursor: Cursor) -> int:
        """The position behind the cursor; going back, that of its own event."""
        behind = self._ring.position_after(cursor.source, cursor.seq)
        if behind is None:
            raise UnknownCursorError(
                f"the history has nothing of {cursor}: it was counted in another run of the program"
            )
        if self._back:
            return max(behind - 1, self._first) if _at(self._ring, behind - 1) == cursor else behind
        if behind == self._first:
            self._gaps = _lost(self._ring, cursor)
        return behind

    def take(self) -> tuple[Segment, int, int, list[bytes]] | None:
        """Take the next slice out of the ring; None when the page is complete. Under the ring's lock."""
        if len(self._events) >= self._limit or self._room <= 0:
            return None
        if self._position < self._ring.oldest and not self._back:  # it went meanwhile
            self._position = self._ring.oldest
            if self._cursor is not None:
                self._gaps = _lost(self._ring, self._cursor)
        first = max(self._first, self._ring.oldest)
        if self._position <= first if self._back else self._position >= self._end:
            return None
        segment = self._ring.find(self._position - 1 if self._back else self._position)
        index = self._position - segment.start
        if self._back:
            begin, stop = max(index - _SLICE, 0), index
        else:
            begin, stop = index, min(index + _SLICE, segment.count, self._end - segment.start)
        return segment, begin, stop, segment.lines_of(begin, stop)

    def look(self, segment: Segment, begin: int, stop: int, lines: list[bytes]) -> None:
        """Choose from a slice. Needs no lock: what was taken never changes."""
        chosen = list(self._shaping.chosen(lines))
        for index, shaped in reversed(chosen) if self._back else chosen:
            self._events.append(shaped)
            self._room -= len(shaped)
            if len(self._events) >= self._limit or self._room <= 0:
                self._reach(segment, begin + index)
                return
        self._reach(segment, begin if self._back else stop - 1)

    def _reach(self, segment: Segment, index: int) -> None:
        """All up to this event has been looked at."""
        self._cursor = Cursor(segment.source, segment.first_seq + index)
        self._position = segment.start + index + (not self._back)

    @property
    def page(self) -> Page:
        """What was found."""
        more = self._position > self._first if self._back else self._position < self._end
        return Page(tuple(self._events), self._cursor, more, tuple(self._gaps), self._oldest, self._newest)


def _at(ring: Ring, position: int) -> Cursor | None:
    if not ring.oldest <= position < ring.end:
        return None
    segment = ring.find(position)
    return Cursor(segment.source, segment.first_seq + position - segment.start)


def _lost(ring: Ring, cursor: Cursor) -> list[Lost]:
    """What is gone between the cursor and the oldest event, of each source."""
    lost: list[Lost] = []
    for source, seq in ring.seqs_from(ring.oldest).items():
        known = cursor.seq if source == cursor.source else None
        if seq > (ring.first_seq(source) if known is None else known + 1):
            lost.append(Lost(source, None if known is None else known + 1, seq - 1))
    return lost
