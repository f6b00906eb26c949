"""The live feed's middle: takes batches from the tap, and lets any number of clients read them.

One ring of encoded history, one cursor a client: a slow client costs a gap of its own, never
memory and never the publisher's time. What carries the frames is somebody else's
(`backend.tap.feed`, `backend.gateway`): they `attach` a client and run its `HubClient.pump`.
"""

from __future__ import annotations

import asyncio
import math
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from backend.tap.batch import Batch
from backend.tap.control import ControlDesk
from backend.wire.control import NO_CONTROL, ControlOffer, ControlResult, Request
from backend.wire.frames import CLOSE_GOING_AWAY, ErrorFrame, Frame, ProtocolViolation, control_frame
from backend.wire.limits import DEFAULT as DEFAULT_LIMITS
from backend.wire.limits import Bucket, Limits
from backend.wire.ring import Ring
from backend.wire.server import GRACE_SECONDS, FeedSession

if TYPE_CHECKING:
    from backend.tap.redaction import Redactor

HISTORY_EVENTS: Final = 100_000
HISTORY_BYTES: Final = 64 * 1024 * 1024
CLIENT_QUEUE: Final = 32_768
STALL_SECONDS: Final = 0.1
GONE_SECONDS: Final = 40.0
PING_SECONDS: Final = 20.0
"""After so long without a word a client is asked for a sign of life, and has as long again to give it."""

NOT_OFFERED: Final = "this program offers no control"

Send = Callable[[Frame], Awaitable[None]]


class ClientStats(Struct, frozen=True):
    """One client: ``queued`` live events wait for it, ``lost`` are those its ``gaps`` told."""

    peer: str
    state: str
    queued: int
    delivered: int
    gaps: int
    lost: int


class HubStats(Struct, frozen=True):
    """The feed in numbers. ``queue_size`` is what waits for the client furthest behind.

    ``delivered``, ``gaps`` and ``lost`` (events) are totals over all clients ever;
    ``dropped`` counts clients thrown out because they took nothing with a full queue;
    ``refused`` those that broke the protocol; ``turned_away`` who was over a limit, or had no right to come
    in, by the reason.
    """

    running: bool
    active_subscribers: int
    queue_size: int
    queue_limit: int
    history_size: int
    history_limit: int
    history_bytes: int
    source: str | None
    oldest_seq: int
    next_seq: int
    published: int
    delivered: int
    dropped: int
    refused: int
    gaps: int
    lost: int
    clients: tuple[ClientStats, ...]
    turned_away: dict[str, int] = {}


class Hub:
    """A sink that keeps the latest events and serves them live.

    The history is bounded by ``history_events`` and ``history_bytes``; a client may have
    ``client_queue`` live events waiting before it skips some, and is dropped when it takes
    nothing for ``stall_seconds`` with a full queue, or for ``gone_seconds`` with any: a peer that vanished
    without a word takes nothing, and where little happens its queue is never full. ``topology`` is asked at
    each hello.
    With a ``desk`` clients may control the program, those whose server says that they have the right.
    ``limits`` hold for every server of this hub, whom they turned away is counted in ``turned_away``.
    `write` may come from any thread; everything else belongs to the event loop.
    """

    def __init__(  # noqa: PLR0913 - one keyword for each bound
        self,
        *,
        history_events: int = HISTORY_EVENTS,
        history_bytes: int = HISTORY_BYTES,
        client_queue: int = CLIENT_QUEUE,
        stall_seconds: float = STALL_SECONDS,
        gone_seconds: float = GONE_SECONDS,
        grace_seconds: float = GRACE_SECONDS,
        topology: Callable[[], Mapping[str, Any]] = dict,
        desk: ControlDesk | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self.topology = topology
        self.limits = limits
        self.turned_away: Counter[str] = Counter()
        self.desk = desk
        self.client_queue = client_queue
        self.stall_seconds = stall_seconds
        self.gone_seconds = gone_seconds
        self.grace_seconds = grace_seconds
        self.running = True
        self.published = 0
        self.dropped = 0
        self.refused = 0
        self._delivered = self._gaps = self._lost = 0  # of clients that are gone
        self.ring = Ring(history_events, history_bytes)
        # Re-entrant: a topology that makes the tap drain comes back to `write`.
        self.lock = threading.RLock()
        self._clients: set[HubClient] = set()
        self._waiting: set[HubClient] = set()
        self._redactor: Redactor | None = None

    # --- as a sink -----------------------------------------------------------------

    def write(self, batch: Batch) -> None:
        """Take a batch and wake whoever waits: one wake-up a client, however many events."""
        with self.lock:
            self.ring.append(batch)
            self.published += len(batch)
            waiting, self._waiting = self._waiting, set()
        for client in waiting:
            client.wake()

    def close(self) -> None:
        """No more events. Each client gets what is there and is then told to go."""
        self.running = False
        with self.lock:
            waiting, self._waiting = self._waiting, set()
        for client in waiting:
            client.wake()

    # --- clients -------------------------------------------------------------------

    def attach(self, peer: str, abort: Callable[[], None], control: ControlOffer = NO_CONTROL) -> HubClient:
        """A new client, whose cursor starts now. ``abort`` cuts its connection at once.

        ``control`` is what its server offers it of that; without a desk there is none.
        """
        client = HubClient(self, peer, abort, control if self.desk is not None else NO_CONTROL)
        self._clients.add(client)
        return client

    def detach(self, client: HubClient) -> None:
        """Forget a client; its counts stay in the totals. Idempotent."""
        if client in self._clients:
            self._clients.discard(client)
            client.leave_control()
            with self.lock:
                self._waiting.discard(client)
            self._delivered += client.session.delivered
            self._gaps += client.session.gaps
            self._lost += client.session.lost

    def topology_now(self) -> Mapping[str, Any]:
        """The topology for a hello. What goes wrong in the program's function is told, not raised."""
        try:
            told = self.topology()
        except Exception as error:  # noqa: BLE001 - other people's code must not end a client's connection
            told = {"error": f"{type(error).__name__}: {error}"}
        return told if self._redactor is None else self._redactor.redacted(told)

    def redact_by(self, redactor: Redactor) -> None:
        """Tell nothing of the topology that `redactor` would not let pass; events come without it already."""
        self._redactor = redactor

    def wait_for_batch(self, client: HubClient) -> bool:
        """Have `client` woken by the next batch; False if there is already something to read."""
        with self.lock:
            if not self.running or client.session.pending:
                return False
            self._waiting.add(client)
            return True

    def stats(self) -> HubStats:
        """The feed in numbers, now."""
        with self.lock:
            sessions = [(client.peer, client.session) for client in self._clients]
            told = tuple(
                ClientStats(peer, one.state.value, one.queued, one.delivered, one.gaps, one.lost)
                for peer, one in sessions
            )
            ring = self.ring
            next_seq = ring.next_seq(ring.source or "")
            return HubStats(
                running=self.running,
                active_subscribers=len(told),
                queue_size=max((one.queued for one in told), default=0),
                queue_limit=self.client_queue,
                history_size=len(ring),
                history_limit=ring.max_events,
                history_bytes=ring.bytes,
                source=ring.source,
                oldest_seq=ring.seqs_from(ring.oldest).get(ring.source or "", next_seq),
                next_seq=next_seq,
                published=self.published,
                delivered=self._delivered + sum(one.delivered for one in told),
                dropped=self.dropped,
                refused=self.refused,
                gaps=self._gaps + sum(one.gaps for one in told),
                lost=self._lost + sum(one.lost for one in told),
                clients=told,
                turned_away=dict(self.turned_away),
            )


class HubClient:
    """One connected client: what it said goes to `receive`, what it gets comes out of `pump`."""

    def __init__(self, hub: Hub, peer: str, abort: Callable[[], None], control: ControlOffer) -> None:
        self.peer = peer
        self._hub = hub
        self._abort = abort
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        with hub.lock:
            self.session = FeedSession(
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
        self._waiter: asyncio.Future[None] | None = None
        self._violation: ProtocolViolation | None = None
        self._left = False
        self._listening = False
        self._finishing = False
        self._taken = 0
        self._sending = False
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
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # --- to the connection ------------------------------------------------------------

    async def pump(self, send: Send) -> tuple[int, str]:
        """Send frames until the end; returns the WebSocket close code and reason.

        ``send`` returns when the connection can take more. When it does not for
        too long while the queue is full, the connection is aborted, so it has to raise then.
        """
        try:
            while True:
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
        """Until a batch, a word of the client's, or the end of its grace."""
        self._waiter = self._loop.create_future()
        grace_over = self.session.waits_until()
        timer = None
        if grace_over is not None:
            timer = self._loop.call_at(grace_over, self._wake_here)
        elif not self._hub.wait_for_batch(self):
            return
        try:
            await self._waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()
