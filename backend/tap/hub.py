"""The live feed's middle: takes batches from the tap, and lets any number of clients read them.

One ring of encoded history, one cursor a client: a slow client costs a gap of its own, never
memory and never the publisher's time. What carries the frames is somebody else's
(`backend.tap.feed`, `backend.gateway`): they `attach` a client and run its `HubClient.pump`.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from backend.tap.batch import Batch
from backend.tap.control import ControlDesk
from backend.tap.hub_client import HubClient
from backend.tap.hub_stats import ClientStats, HubStats
from backend.wire.control import NO_CONTROL, ControlOffer
from backend.wire.limits import DEFAULT as DEFAULT_LIMITS
from backend.wire.limits import Limits
from backend.wire.ring import Ring
from backend.wire.server import GRACE_SECONDS, FeedSession

if TYPE_CHECKING:
    from backend.tap.redaction import Redactor

__all__ = [
    "CLIENT_QUEUE",
    "HISTORY_BYTES",
    "HISTORY_EVENTS",
    "STALL_SECONDS",
    "Hub",
    "HubClient",
    "HubStats",
]

HISTORY_EVENTS: Final = 100_000
HISTORY_BYTES: Final = 64 * 1024 * 1024
CLIENT_QUEUE: Final = 32_768
STALL_SECONDS: Final = 0.1
GONE_SECONDS: Final = 40.0

AT_ONCE: Final = 10
"""Clients that are sent each batch as it comes."""

PACE_SECONDS: Final = 0.000_2
"""By so much for each client more, one that was sent all there was has to wait for what comes next: many are
sent fewer and larger frames, 5,000 a second to all of them together. With a hundred that is 18 ms."""


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
        self._since = time.monotonic()
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

    def attach(
        self,
        peer: str,
        abort: Callable[[], None],
        control: ControlOffer = NO_CONTROL,
        session: type[FeedSession] = FeedSession,
    ) -> HubClient:
        """A new client, whose cursor starts now. ``abort`` cuts its connection at once.

        ``control`` is what its server offers it of that; without a desk there is none. ``session`` writes
        the frames.
        """
        client = HubClient(self, peer, abort, control if self.desk is not None else NO_CONTROL, session)
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

    @property
    def pace(self) -> float:
        """Seconds from one time that a client is sent something to the next one."""
        return max(len(self._clients) - AT_ONCE, 0) * PACE_SECONDS

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
            now = time.monotonic()
            sessions = [(client, client.session) for client in self._clients]
            told = tuple(
                ClientStats(
                    client.peer,
                    one.state.value,
                    one.queued,
                    one.delivered,
                    one.gaps,
                    one.lost,
                    one.kind,
                    one.wanted.dialect,
                    round(now - client.since, 3),
                )
                for client, one in sessions
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
                sources=ring.next_seqs,
                states=len(ring.states.now),
                states_omitted=ring.states.omitted,
                uptime_seconds=round(now - self._since, 3),
            )
