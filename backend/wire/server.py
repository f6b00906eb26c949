"""The server's end of the feed's dialogue with one client. No I/O: bytes in, frames out.

========== ============== ==========
state      on             becomes
========== ============== ==========
opening    subscribe      subscribed
opening    grace is over  plain
plain      subscribe      subscribed
========== ============== ==========

Requests of control may come in any state and change none; anything else a client says is a
`ProtocolViolation`. Laws:

1. The cursor starts at the connection, so what is emitted during the grace is not lost.
2. Each event is delivered once, filtered out, or inside a gap that was told.
3. A gap is told before any later event of its source.
4. No event is encoded twice: native JSON frames are spliced from the ring's bytes.
5. Snapshots are those of the moment before the client's first event, and come before it.
6. Each request of control gets one answer, in order. Of the states that follow each other only the latest
   waits, and only who subscribed to native events gets one.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from msgspec import Raw

from backend.events import encode_payload
from backend.wire.control import NO_CONTROL, ControlOffer, ControlResult, Request, RequestError, parse_request
from backend.wire.frames import (
    MAX_FRAME,
    PROTOCOL,
    ControlFrame,
    Frame,
    Gap,
    Hello,
    ProtocolViolation,
    StatesFrame,
    Subscribe,
    control_frame,
    events_frame,
    events_frame_msgpack,
    is_control,
    one_line,
    parse_client_frame,
)
from backend.wire.ring import Ring, Segment
from backend.wire.shaping import Shaping
from backend.wire.states import Kept, Key

GRACE_SECONDS = 0.2
"""How long a new client may take to say what it wants before plain frames start."""

# Events looked at in one call: a filter that matches nothing must not hold the loop (0.5 us each).
_SCAN_EVENTS = 2048

MOST_ANSWERS = 1000
"""Answers that may wait for a client: it asks, and reads nothing."""


class State(enum.Enum):
    """Where the dialogue stands."""

    OPENING = "opening"
    PLAIN = "plain"
    SUBSCRIBED = "subscribed"


_NEXT = {
    (State.OPENING, "subscribe"): State.SUBSCRIBED,
    (State.OPENING, "grace over"): State.PLAIN,
    (State.PLAIN, "subscribe"): State.SUBSCRIBED,
}


class FeedSession:
    """One client. Call `receive` with what it says, and `next_frame` until it returns None.

    Times are seconds of any one clock. ``queue_limit`` bounds the live events that may
    wait for this client (history that it asked for does not count); beyond it the oldest
    half is skipped and told as a gap. ``offer`` is what the hello says of control.
    """

    kind: ClassVar[str] = "websocket"
    """How it is connected, for who counts clients."""

    def __init__(
        self,
        ring: Ring,
        *,
        now: float,
        topology: Callable[[], Mapping[str, Any]] = dict,
        queue_limit: int | None = None,
        grace: float = GRACE_SECONDS,
        offer: ControlOffer = NO_CONTROL,
    ) -> None:
        self.state = State.OPENING
        self.wanted = Subscribe()
        self.delivered = 0
        self.gaps = 0
        self.lost = 0
        self._ring = ring
        self._topology = topology
        self._queue_limit = queue_limit
        self._grace_over = now + grace
        self._cursor = self._live_from = ring.end
        self._offset = (-1, 0)  # a position, and where its line begins in its segment
        self._next_seq = ring.seqs_from(ring.end)
        self._offer = offer
        self._known: Mapping[str, int] = {}  # of sources, what the client has of the ring's events
        self._known_until = 0  # the position up to which it may have some
        self._answers = 0
        self._told: Frame | None = None
        self._outbox: deque[Frame] = deque()
        self._shaping = Shaping(self.wanted)

    # --- what the client says ---------------------------------------------------

    def receive(self, frame: str | bytes) -> tuple[int, Request] | None:
        """Take one message of the client's; a request of control is returned, for `answer` to be called.

        One of the wrong shape is answered here.

        Raises:
            ProtocolViolation: it is no subscribe, or the second one; or the client reads no answers.
        """
        if is_control(frame):
            return self._request(frame)
        self.subscribe(parse_client_frame(frame))
        return None

    def _request(self, frame: str | bytes) -> tuple[int, Request] | None:
        if self._answers >= MOST_ANSWERS:
            raise ProtocolViolation(f"{MOST_ANSWERS} answers wait to be read")
        self._answers += 1
        try:
            return parse_request(frame)
        except RequestError as error:
            self.answer(ControlResult(error.id, ok=False, error=one_line(error, 400)))
        return None

    def answer(self, result: ControlResult) -> None:
        """What became of a request that `receive` returned."""
        self._outbox.append(self._encoded(result))

    @property
    def observes_control(self) -> bool:
        """Whether this client is told what is controlled: one that knows the dialogue, and our events."""
        return self.state is State.SUBSCRIBED and self.wanted.dialect == "native"

    def tell(self, state: Frame) -> None:
        """Have the client told of this state, instead of one that it was not told yet."""
        self._told = state

    def subscribe(self, wanted: Subscribe) -> None:
        """Take the client's wish, in whatever way it came.

        Raises:
            ProtocolViolation: it is the second one.
        """
        self._advance("subscribe")
        self.wanted = wanted
        self._shaping = Shaping(wanted)
        ring = self._ring
        states: Mapping[Key, Kept] = ring.states.now
        if wanted.since is not None:
            states = self._resume_all(wanted.since)
        elif wanted.since_seq is not None:
            states = self._resume(wanted.since_seq, wanted.source)
        source = ring.source or ""
        next_seq = ring.next_seq(source)
        starts = {
            one: max(seq, self._known.get(one, 0) + 1) for one, seq in ring.seqs_from(self._cursor).items()
        }
        hello = Hello(
            PROTOCOL,
            ring.source,
            ring.seqs_from(ring.oldest).get(source, next_seq),
            next_seq,
            starts.get(source, next_seq),
            encode_payload(self._topology()),
            self._offer,
            starts,
        )
        told = self._states_frames(states) if wanted.states and wanted.dialect == "native" else []
        # What was found lost while finding the cursor is told after these.
        self._outbox.extendleft(reversed([self._encoded(hello), *told]))

    def _states_frames(self, states: Mapping[Key, Kept]) -> list[Frame]:
        """Snapshots of what the client looks at."""
        components, sessions = self.wanted.components, self.wanted.sessions
        lines = [
            one.line
            for (component, session), one in states.items()
            if (components is None or component in components) and (sessions is None or session in sessions)
        ]
        frames: list[Frame] = []
        some: list[Raw] = []
        room = MAX_FRAME
        for line in lines:
            if some and len(line) > room:
                frames.append(self._encoded(StatesFrame(some, self._ring.states.omitted)))
                some, room = [], MAX_FRAME
            some.append(Raw(line))
            room -= len(line)
        return [*frames, self._encoded(StatesFrame(some, self._ring.states.omitted))]

    def _encoded(self, message: ControlFrame) -> Frame:
        """Any frame but one of events, as this client reads it."""
        return control_frame(message, self.wanted.format)

    def _advance(self, event: str) -> None:
        after = _NEXT.get((self.state, event))
        if after is None:
            raise ProtocolViolation(
                "only one subscribe a connection; connect again to ask for something else"
            )
        self.state = after

    def _resume(self, since_seq: int, source: str | None) -> Mapping[Key, Kept]:
        """Move the cursor to behind event `since_seq`, or to the oldest for another incarnation's.

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

    def _resume_all(self, since: Mapping[str, int]) -> Mapping[Key, Kept]:
        """As `_resume`, for a client that says of each source how far it is."""
        ring = self._ring
        seqs = ring.seqs_from(ring.oldest)
        # A seq beyond what came here was counted by another incarnation.
        known = {one: seq for one, seq in since.items() if one in seqs and seq < ring.next_seq(one)}
        self._next_seq = {one: known.get(one, ring.first_seq(one) - 1) + 1 for one in seqs}
        self._known, self._known_until = known, ring.end
        position = ring.position_of_news(known)
        self._skip_to(position)
        return ring.states.before if position == ring.oldest else {}

    # --- what the client gets ----------------------------------------------------

    @property
    def pending(self) -> bool:
        """Whether `next_frame` has work, given that the grace is over."""
        return bool(self._outbox) or self._told is not None or self._cursor < self._ring.end

    @property
    def queued(self) -> int:
        """Live events that wait for this client."""
        return self._ring.end - max(self._cursor, self._live_from)

    @property
    def full(self) -> bool:
        """Whether the queue is at its limit: one more event and something is skipped."""
        limit = self._queue_limit
        return (limit is not None and self.queued >= limit) or self._cursor < self._ring.oldest

    def waits_until(self) -> float | None:
        """When `next_frame` is worth calling though nothing happened; None: not by time."""
        return self._grace_over if self.state is State.OPENING else None

    def next_frame(self, now: float) -> Frame | None:
        """The next frame to send, or None when there is none now.

        None with `pending` still true (after the grace) means: much was filtered out; call
        again after letting others run.
        """
        if self._outbox:
            return self._sent(self._outbox.popleft())
        if self._told is not None:
            told, self._told = self._told, None
            return told
        if self.state is State.OPENING:
            if now < self._grace_over:
                return None
            self._advance("grace over")
        self._keep_up()
        if not self._outbox and self._cursor < self._ring.end:
            self._read()
        return self._sent(self._outbox.popleft()) if self._outbox else None

    def _sent(self, frame: Frame) -> Frame:
        if not self._outbox:
            self._answers = 0
        self.delivered += frame.events
        return frame

    def _keep_up(self) -> None:
        """Skip what is out of the ring, and half of a queue that is over its limit."""
        ring, limit = self._ring, self._queue_limit
        if limit is not None and self.queued > limit:
            # Half, so that a slow client gets one wide gap now and then, not one in each frame.
            self._skip_to(max(ring.end - max(limit // 2, 1), ring.oldest))
        elif self._cursor < ring.oldest:
            self._skip_to(ring.oldest)

    def _skip_to(self, position: int) -> None:
        self._cursor = position
        known = self._known if position < self._known_until else {}
        for source, seq in self._ring.seqs_from(position).items():
            self._expect(source, max(seq, known.get(source, 0) + 1))

    def _expect(self, source: str, seq: int) -> None:
        """The next event of `source` will be `seq`: tell what is missing before it."""
        expected = self._next_seq.get(source)
        if expected is None:  # the source turned up after this client
            expected = self._ring.first_seq(source)
        if seq > expected:
            self.gaps += 1
            self.lost += seq - expected
            self._outbox.append(self._encoded(Gap(expected, seq - 1, source)))
        self._next_seq[source] = seq

    def _read(self) -> None:
        """Put the next frame with events into the outbox, and move the cursor past them."""
        single = not self.wanted.batch or self.state is State.PLAIN
        room = MAX_FRAME
        scanned = count = 0
        parts: list[bytes | memoryview] = []
        while self._cursor < self._ring.end and scanned < _SCAN_EVENTS:
            if self._cursor < self._known_until and (passed := self._pass_known()):
                scanned += passed
                continue
            segment, index, offset = self._place()
            if segment.first_seq + index != self._next_seq.get(segment.source):
                if parts:
                    break  # the gap is told before the events after it
                self._expect(segment.source, segment.first_seq + index)
            stop, end = segment.one(index, offset) if single else segment.cut(index, offset, room)
            if stop == index:
                if parts:
                    break
                stop, end = segment.one(index, offset)  # larger than a frame: it goes alone
            encoded, number = self._encode(segment, index, stop, offset, end)
            scanned += stop - index
            self._cursor = segment.start + stop
            self._offset = (self._cursor, end)
            self._next_seq[segment.source] = segment.first_seq + stop
            parts += encoded
            count += number
            room -= sum(map(len, encoded))
            if (single and parts) or room <= 0:
                break
        if parts:
            self._outbox.append(self._frame(parts, count))

    def _place(self) -> tuple[Segment, int, int]:
        """The segment at the cursor, and the index and offset of the cursor's event in it."""
        segment = self._ring.find(self._cursor)
        index = self._cursor - segment.start
        if index == 0:
            return segment, 0, 0
        position, offset = self._offset
        return segment, index, offset if position == self._cursor else segment.offset(index)

    def _pass_known(self) -> int:
        """Move the cursor past events of its batch that the client has already; how many they were."""
        segment = self._ring.find(self._cursor)
        behind = segment.start + min(
            self._known.get(segment.source, 0) + 1 - segment.first_seq, segment.count
        )
        passed = max(behind - self._cursor, 0)
        self._cursor += passed
        return passed

    def _encode(
        self, segment: Segment, index: int, stop: int, offset: int, end: int
    ) -> tuple[Sequence[bytes | memoryview], int]:
        """A range of the segment as this client wants it, and the number of events left."""
        if self._shaping.plain:
            return (segment.joined(offset, end),), stop - index
        encoded = [line for _, line in self._shaping.chosen(segment.lines(offset, end))]
        return encoded, len(encoded)

    def _frame(self, parts: list[bytes | memoryview], count: int) -> Frame:
        if self.wanted.format == "msgpack":
            return events_frame_msgpack(parts)
        if self.state is State.PLAIN:
            return Frame((parts[0],), events=1)
        return events_frame(parts, count)
