"""One client of a hub: what it says comes in, what it gets goes out, and who takes nothing is cut off."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, Protocol

from backend.wire.control import ControlOffer, ControlResult, Request
from backend.wire.frames import (
    CLOSE_GOING_AWAY,
    ErrorFrame,
    Frame,
    ProtocolViolation,
    Subscribe,
    control_frame,
)
from backend.wire.limits import Bucket
from backend.wire.server import FeedSession

if TYPE_CHECKING:
    from backend.tap.hub import Hub

NOT_OFFERED: Final = "this program offers no control"

FEW_FRAMES: Final = 4
"""In one write: with a call for each, as with 120 events in 2 ms, a reader was woken twice."""

Send = Callable[[Frame], Awaitable[None]]


class Direct(Protocol):
    """A connection that can be written to without waiting for it."""

    @property
    def free(self) -> bool:
        """Whether it is open, and has handed on all that was written to it."""

    def write(self, frames: bytes) -> None:
        """Write whole frames, right now."""


class HubClient:
    """One connected client: what it said goes to `receive`, what it gets comes out of `pump`."""

    def __init__(
        self,
        hub: Hub,
        peer: str,
        abort: Callable[[], None],
        control: ControlOffer,
        session: type[FeedSession],
    ) -> None:
        self.peer = peer
        self.since = time.monotonic()
        self._hub = hub
        self._abort = abort
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        with hub.lock:
            self.session = session(
                hub.ring,
                now=self._loop.time(),
                topology=hub.topology_now,
                queue_limit=hub.client_queue,
                grace=hub.grace_seconds,
                offer=control,
            )
        desk = hub.desk if control.offered else None
        self._desk = desk
        self._seat = desk.seat(peer, allowed=control.allowed) if desk is not None else None
        self._direct: Direct | None = None
        self._failed: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._violation: ProtocolViolation | None = None
        self._left = False
        self._listening = False
        self._finishing = False
        self._taken = 0
        self._sending = False
        self._sent = 0.0
        self._watch: asyncio.TimerHandle | None = None
        self._messages = Bucket(hub.limits.messages, self._loop.time())

    # --- from the connection ----------------------------------------------------------

    def receive(self, message: str | bytes) -> None:
        """Take what the client said. A violation ends `pump`, once it has been told to the client."""
        if self._violation is not None:
            return  # it is on its way out
        try:
            self._check_rate()
            with self._hub.lock:
                asked = self.session.receive(message)
            if asked is not None:
                self._control(*asked)
            elif self._desk is not None and not self._listening and self.session.observes_control:
                self._listening = True
                self._desk.listen(self._tell_control)
                self._tell_control()
        except ProtocolViolation as violation:
            self._violation = violation
            self._hub.refused += 1
        self.wake()

    def subscribe(self, wanted: Subscribe) -> None:
        """What the client wants, where it says so in other ways than by a message."""
        with self._hub.lock:
            self.session.subscribe(wanted)
        self.wake()

    def tell(self, frame: Frame) -> None:
        """Have the client get this before anything else; one that still waits is not sent then."""
        self.session.tell(frame)
        self.wake()

    def _check_rate(self) -> None:
        if not self._messages.take(self._loop.time()):
            self._hub.turned_away["messages"] += 1
            raise ProtocolViolation(f"more than {self._hub.limits.messages:g} messages a second")

    def _control(self, request_id: int, request: Request) -> None:
        if self._seat is None:
            result = ControlResult(request_id, ok=False, error=NOT_OFFERED)
        else:
            result = self._seat.ask(request_id, request)
        with self._hub.lock:
            self.session.answer(result)

    def _tell_control(self) -> None:
        """What is controlled is different now: that waits for the client in place of what was so before."""
        if self._desk is not None:
            self.session.tell(self._desk.frame(self.session.wanted.format))
            self.wake()

    def leave_control(self) -> None:
        """The client can neither control nor be told any more. Idempotent."""
        if self._desk is not None and self._seat is not None:
            self._desk.unlisten(self._tell_control)
            self._seat.leave()

    def leave(self) -> None:
        """The client is gone: end `pump`."""
        self._left = True
        self.leave_control()
        self.wake()

    def finish(self) -> None:
        """The server is going: end `pump` once all that is there was sent."""
        self._finishing = True
        self.wake()

    def abort(self) -> None:
        """Cut the connection at once: for a client that does not take even its goodbye."""
        self._left = True
        self.leave_control()
        self._abort()
        self.wake()

    def wake(self) -> None:
        """Let `pump` look again. Safe from any thread."""
        if threading.get_ident() == self._thread:
            self._wake_here()
            return
        try:
            self._loop.call_soon_threadsafe(self._wake_here)
        except RuntimeError:
            self._left = True  # its loop is closed, and so is the connection

    def _wake_here(self) -> None:
        if self._waiter is not None and not self._waiter.done() and not self._pushed():
            self._waiter.set_result(None)

    def _pushed(self) -> bool:
        """Whether what came was sent from here, to the last of it: nobody has to be woken for that.

        With ten clients and 400 batches a second, waking took a publisher half of the time that writing did.
        """
        direct, hub = self._direct, self._hub
        ending = self._left or self._finishing or self._violation is not None or not hub.running
        if direct is None or ending or hub.pace or self.session.waits_until() is not None:
            return False
        self._sent = now = self._loop.time()
        try:
            while direct.free:
                if frames := self._next_frames(now):
                    direct.write(hub.ring.shared.joined(frames))
                if hub.wait_for_batch(self):
                    return True
                if not frames:
                    return False  # a filter left much out: others run before more is looked at
        except Exception as error:  # noqa: BLE001 - whoever wrote a batch has no part in it: `pump` raises it
            self._failed = error
        return False

    def _next_frames(self, now: float) -> list[Frame]:
        """What is to be sent next, of it a few frames at most."""
        frames: list[Frame] = []
        with self._hub.lock:
            while len(frames) < FEW_FRAMES and (not frames or self.session.pending):
                frame = self.session.next_frame(now)
                if frame is None:
                    break
                frames.append(frame)
        return frames

    # --- to the connection ------------------------------------------------------------

    async def pump(self, send: Send, direct: Direct | None = None) -> tuple[int, str]:
        """Send frames until the end; returns the WebSocket close code and reason.

        ``send`` returns when the connection can take more. When it does not for
        too long while the queue is full, the connection is aborted, so it has to raise then.
        With ``direct``, what a connection that is ``free`` can take is written as it comes.
        """
        self._direct = direct
        try:
            while True:
                if self._failed is not None:
                    raise self._failed
                if self._violation is not None:
                    await send(control_frame(ErrorFrame(str(self._violation)), self.session.wanted.format))
                    return self._violation.code, str(self._violation)
                if self._left:
                    return CLOSE_GOING_AWAY, ""
                ending = self._finishing or not self._hub.running
                now = math.inf if ending else self._loop.time()
                with self._hub.lock:
                    frame = self.session.next_frame(now)
                if frame is not None:
                    await self._send(send, frame)
                elif self._idle(now):
                    if ending:
                        return CLOSE_GOING_AWAY, "the feed ended" if not self._hub.running else "going away"
                    await self._wait()
                else:
                    await asyncio.sleep(0)  # a filter left much out: let others run
        finally:
            if self._watch is not None:
                self._watch.cancel()

    def _idle(self, now: float) -> bool:
        """Whether nothing is to be sent now: all was read, or the client has still time to subscribe."""
        grace_over = self.session.waits_until()
        return not self.session.pending or (grace_over is not None and now < grace_over)

    async def _send(self, send: Send, frame: Frame) -> None:
        if self._watch is None:
            self._look_again(full=False, since=self._loop.time())
        self._sending = True
        await send(frame)
        self._sent = self._loop.time()
        self._sending = False
        self._taken += 1

    def _look_again(self, *, full: bool, since: float) -> None:
        self._watch = self._loop.call_later(self._hub.stall_seconds, self._look, self._taken, full, since)

    def _look(self, taken_before: int, was_full: bool, since: float) -> None:
        """Once a period while frames are sent: drop whoever stands still, with a full queue or for long.

        ``since`` is when it took something last.
        """
        self._watch = None
        if not self._sending:
            return
        full, now = self.session.full, self._loop.time()
        if self._taken != taken_before:
            since = now
        elif (full and was_full) or now - since >= self._hub.gone_seconds:
            self._hub.dropped += 1
            self.abort()
            return
        self._look_again(full=full, since=since)

    async def _wait(self) -> None:
        """Until a batch that it may have now, a word of the client's, or the end of its grace."""
        self._waiter = self._loop.create_future()
        until, rested = self.session.waits_until(), self._sent + self._hub.pace
        if until is None and self._loop.time() < rested:
            until = rested
        timer = None
        if until is not None:
            timer = self._loop.call_at(until, self._wake_here)
        elif not self._hub.wait_for_batch(self):
            return
        try:
            await self._waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()
