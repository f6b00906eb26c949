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
from backend.wire.cursor import Cursor, Piece
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
from backend.wire.ring import Ring
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
        self._ring = ring
        self._topology = topology
        self._queue_limit = queue_limit
        self._grace_over = now + grace
        self._cursor = Cursor(ring, self._tell_gap)
        self._offer = offer
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
            states = self._cursor.resume_all(wanted.since)
        elif wanted.since_seq is not None:
            states = self._cursor.resume(wanted.since_seq, wanted.source)
        source = ring.source or ""
        next_seq = ring.next_seq(source)
        starts = self._cursor.starts()
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

    # --- what the client gets ----------------------------------------------------

    @property
    def pending(self) -> bool:
        """Whether `next_frame` has work, given that the grace is over."""
        return bool(self._outbox) or self._told is not None or not self._cursor.at_end

    @property
    def queued(self) -> int:
        """Live events that wait for this client."""
        return self._cursor.queued

    @property
    def gaps(self) -> int:
        """How often this client was told that it lost something."""
        return self._cursor.gaps

    @property
    def lost(self) -> int:
        """How many events these were."""
        return self._cursor.lost

    @property
    def full(self) -> bool:
        """Whether the queue is at its limit: one more event and something is skipped."""
        limit = self._queue_limit
        return (limit is not None and self.queued >= limit) or self._cursor.position < self._ring.oldest

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
        self._cursor.keep_up(self._queue_limit)
        if not self._outbox and not self._cursor.at_end:
            self._read()
        return self._sent(self._outbox.popleft()) if self._outbox else None

    def _sent(self, frame: Frame) -> Frame:
        if not self._outbox:
            self._answers = 0
        self.delivered += frame.events
        return frame

    def _tell_gap(self, gap: Gap) -> None:
        self._outbox.append(self._encoded(gap))

    def _read(self) -> None:
        """Put the next frame with events into the outbox, and move the cursor past them."""
        single = not self.wanted.batch or self.state is State.PLAIN
        shares = self._shaping.plain and not single
        frame = self._cursor.shared(self.kind) if shares else None
        if frame is None:
            start = self._cursor.position
            parts, count, pieces = self._collect(single=single)
            if not parts:
                return
            frame = self._frame(parts, count)
            if shares:
                self._cursor.share(self.kind, start, frame, pieces)
        self._outbox.append(frame)

    def _collect(self, *, single: bool) -> tuple[list[bytes], int, list[Piece]]:
        """What goes into the next frame, how many events that is, and what of the ring it was made of."""
        cursor, room = self._cursor, MAX_FRAME
        scanned = count = 0
        parts: list[bytes] = []
        pieces: list[Piece] = []
        while not cursor.at_end and scanned < _SCAN_EVENTS and room > 0 and not (single and parts):
            if passed := cursor.pass_known():
                scanned += passed
                continue
            piece = cursor.piece(room, single=single, first=not parts)
            if piece is None:
                break
            encoded, number = self._encode(piece)
            cursor.take(piece)
            scanned += piece.stop - piece.begin
            pieces.append(piece)
            parts += encoded
            count += number
            room -= sum(map(len, encoded))
        return parts, count, pieces

    def _encode(self, piece: Piece) -> tuple[Sequence[bytes], int]:
        """Events as this client wants them, and the number of those left."""
        segment, index, stop, offset, end = piece
        if self._shaping.plain:
            return (segment.joined(offset, end),), stop - index
        encoded = [line for _, line in self._shaping.chosen(segment.lines(offset, end))]
        return encoded, len(encoded)

    def _frame(self, parts: list[bytes], count: int) -> Frame:
        if self.wanted.format == "msgpack":
            return events_frame_msgpack(parts)
        if self.state is State.PLAIN:
            return Frame((parts[0],), events=1)
        return events_frame(parts, count)
