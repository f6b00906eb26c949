"""Where a client is in the ring, and what of it was told: it moves forward only, and names what it skips."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from backend.wire.frames import Frame, Gap
from backend.wire.ring import Ring, Segment
from backend.wire.shared import Stretch
from backend.wire.states import Kept, Key


class Piece(NamedTuple):
    """Events of a segment, by index and by offset: from the first to before the second of each."""

    segment: Segment
    begin: int
    stop: int
    offset: int
    end: int


class Cursor:
    """A position in `ring`, from its end on. ``on_gap`` is told what is missing before what comes next."""

    def __init__(self, ring: Ring, on_gap: Callable[[Gap], None]) -> None:
        self.position = self.live_from = ring.end
        self.gaps = 0
        self.lost = 0
        self._ring = ring
        self._on_gap = on_gap
        self._offset = (-1, 0)  # a position, and where its line begins in its segment
        self._next_seq = ring.seqs_from(ring.end)
        self._known: Mapping[str, int] = {}  # of sources, what the client has of the ring's events
        self._known_until = 0  # the position up to which it may have some

    # --- where it begins ----------------------------------------------------------

    def resume(self, since_seq: int, source: str | None) -> Mapping[Key, Kept]:
        """Move to behind event `since_seq`, or to the oldest for another incarnation's.

        Returns the states that the client cannot know: none, if it has all before the cursor.
        """
        ring = self._ring
        position = ring.position_after(source, since_seq)
        if position is None:
            self._next_seq = dict.fromkeys(ring.seqs_from(ring.oldest), 1)
            self._skip_to(ring.oldest)
            return ring.states.before
        counted_in = source or ring.source or ""
        others = ring.seqs_from(position)
        if since_seq == 0:  # who has nothing has nothing of the others either
            others = {one: ring.first_seq(one) for one in others}
        self._next_seq = others | {counted_in: since_seq + 1}
        self._skip_to(position)
        return ring.states.before if position == ring.oldest else {}

    def resume_all(self, since: Mapping[str, int]) -> Mapping[Key, Kept]:
        """As `resume`, for a client that says of each source how far it is."""
        ring = self._ring
        seqs = ring.seqs_from(ring.oldest)
        # A seq beyond what came here was counted by another incarnation.
        known = {one: seq for one, seq in since.items() if one in seqs and seq < ring.next_seq(one)}
        self._next_seq = {one: known.get(one, ring.first_seq(one) - 1) + 1 for one in seqs}
        self._known, self._known_until = known, ring.end
        position = ring.position_of_news(known)
        self._skip_to(position)
        return ring.states.before if position == ring.oldest else {}

    def starts(self) -> dict[str, int]:
        """Of each source, the seq of the first event that this client is going to get."""
        seqs = self._ring.seqs_from(self.position)
        return {one: max(seq, self._known.get(one, 0) + 1) for one, seq in seqs.items()}

    # --- where it goes ------------------------------------------------------------

    @property
    def at_end(self) -> bool:
        """Whether nothing is left to be read."""
        return self.position >= self._ring.end

    @property
    def queued(self) -> int:
        """Live events that wait for this client."""
        return self._ring.end - max(self.position, self.live_from)

    def keep_up(self, limit: int | None) -> None:
        """Skip what is out of the ring, and half of a queue that is over its limit."""
        ring = self._ring
        if limit is not None and self.queued > limit:
            # Half, so that a slow client gets one wide gap now and then, not one in each frame.
            self._skip_to(max(ring.end - max(limit // 2, 1), ring.oldest))
        elif self.position < ring.oldest:
            self._skip_to(ring.oldest)

    def _skip_to(self, position: int) -> None:
        self.position = position
        known = self._known if position < self._known_until else {}
        for source, seq in self._ring.seqs_from(position).items():
            self._expect(source, max(seq, known.get(source, 0) + 1))

    def _expect(self, source: str, seq: int) -> None:
        """The next event of `source` will be `seq`: tell what is missing before it."""
        expected = self._expected(source)
        if seq > expected:
            self.gaps += 1
            self.lost += seq - expected
            self._on_gap(Gap(expected, seq - 1, source))
        self._next_seq[source] = seq

    def _expected(self, source: str) -> int:
        expected = self._next_seq.get(source)
        # None: the source turned up after this client
        return self._ring.first_seq(source) if expected is None else expected

    def pass_known(self) -> int:
        """Move past events of the batch here that the client has already; how many they were."""
        if not self._passes:
            return 0
        segment = self._ring.find(self.position)
        behind = segment.start + min(
            self._known.get(segment.source, 0) + 1 - segment.first_seq, segment.count
        )
        passed = max(behind - self.position, 0)
        self.position += passed
        return passed

    def piece(self, room: int, *, single: bool, first: bool) -> Piece | None:
        """What comes next of one segment and fits into so many bytes; at most one event if `single`.

        None if it cannot follow what the frame has already; the ``first`` of a frame always can.
        """
        segment, index, offset = self._place()
        if segment.first_seq + index != self._next_seq.get(segment.source):
            if not first:
                return None  # the gap is told before the events after it
            self._expect(segment.source, segment.first_seq + index)
        stop, end = segment.one(index, offset) if single else segment.cut(index, offset, room)
        if stop == index:
            if not first:
                return None
            stop, end = segment.one(index, offset)  # larger than a frame: it goes alone
        return Piece(segment, index, stop, offset, end)

    def _place(self) -> tuple[Segment, int, int]:
        """The segment here, and the index and offset of the next event in it."""
        segment = self._ring.find(self.position)
        index = self.position - segment.start
        if index == 0:
            return segment, 0, 0
        position, offset = self._offset
        return segment, index, offset if position == self.position else segment.offset(index)

    def take(self, piece: Piece) -> None:
        """Move behind it."""
        segment = piece.segment
        self.position = segment.start + piece.stop
        self._offset = self.position, piece.end
        self._next_seq[segment.source] = segment.first_seq + piece.stop

    # --- what several share -------------------------------------------------------

    def shared(self, kind: str) -> Frame | None:
        """Move behind the frame that another client of this kind got here; None if this one needs another."""
        stretch = None if self._passes else self._ring.shared.at(kind, self.position)
        if stretch is None:
            return None
        if any(self._expected(source) != first for source, (first, _) in stretch.seqs.items()):
            return None
        self.position = stretch.end
        self._offset = stretch.end, stretch.offset
        self._next_seq |= {source: after for source, (_, after) in stretch.seqs.items()}
        return stretch.frame

    @property
    def _passes(self) -> bool:
        """Whether this client may have events from here on that others have not."""
        return self.position < self._known_until

    def share(self, kind: str, start: int, frame: Frame, pieces: Sequence[Piece]) -> None:
        """Let others have the frame that was made of these, from `start` to here."""
        if start < self._known_until:
            return
        seqs: dict[str, tuple[int, int]] = {}
        for segment, index, stop, _, _ in pieces:
            first, _ = seqs.get(segment.source, (segment.first_seq + index, 0))
            seqs[segment.source] = first, segment.first_seq + stop
        self._ring.shared.keep(kind, start, Stretch(frame, seqs, *self._offset))
