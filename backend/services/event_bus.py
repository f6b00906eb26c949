"""The event bus of a program: takes typed system events from anywhere, and broadcasts them.

Main queue, numbering and encoding are the tap's; history, subscribers and their bounds are the hub's.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable
from types import TracebackType
from typing import Any, Final, Self

import msgspec
from loguru import logger
from msgspec import Struct

from backend.events import error_text
from backend.events.vocabulary import ERROR, SEVERITIES, SYSTEM
from backend.services.subscription import Subscription
from backend.services.system_events import SystemData
from backend.tap import Scope, Sink, Tap, current_scope
from backend.tap.drain import PENDING_LIMIT
from backend.tap.hub import CLIENT_QUEUE, HISTORY_EVENTS, STALL_SECONDS, Hub, HubStats
from backend.wire.frames import Severity, Subscribe

_MOST_TOLD: Final = 1000


class Sent(Struct, frozen=True):
    """What became of an emission: the event's id, or None where it was not taken (and logged).

    It is true where it was taken. ``await`` returns it at once: nothing is waited for.
    """

    id: str | None = None

    def __bool__(self) -> bool:
        return self.id is not None

    def __await__(self) -> Generator[None, None, Sent]:
        yield from ()
        return self


class BusStats(Struct, frozen=True):
    """The bus in numbers.

    ``queue_size`` events wait in the main queue, which whoever emits empties himself at ``queue_limit``:
    nothing is dropped there. ``subscriber_queue_size`` is that of the subscriber furthest behind;
    ``dropped_subscribers`` were given up, ``lost`` events were told to subscribers as gaps.
    ``emitted`` events came by this bus, ``by_type``; ``rejected`` were not taken.
    """

    running: bool
    active_subscribers: int
    queue_size: int
    queue_limit: int
    history_size: int
    history_limit: int
    subscriber_queue_size: int
    subscriber_queue_limit: int
    emitted: int
    rejected: int
    delivered: int
    dropped_subscribers: int
    gaps: int
    lost: int
    uptime_seconds: float
    source: str | None
    by_type: dict[str, int]
    feed: HubStats


class EventBus:
    """Typed system events of a program, broadcast to subscribers. `start` and `stop`, or ``async with``.

    Without a ``tap`` it has one of its own, whose events go to its ``hub`` and to ``sinks``. With one, which
    is its owner's to start and to close, it is the edge for system events of that tap; ``hub`` is then the
    one that the tap writes to, if there is one already.

    A subscriber may have ``subscriber_queue`` events waiting; who takes nothing for ``stall_seconds`` with a
    full queue is dropped.

    While started it is the bus of the helpers (`set_event_bus`), unless another one is.
    """

    def __init__(
        self,
        service: str = "app",
        *,
        tap: Tap | None = None,
        hub: Hub | None = None,
        sinks: Iterable[Sink] = (),
        history_events: int = HISTORY_EVENTS,
        subscriber_queue: int = CLIENT_QUEUE,
        stall_seconds: float = STALL_SECONDS,
    ) -> None:
        own_hub = hub is None
        self.hub = hub or Hub(
            history_events=history_events, client_queue=subscriber_queue, stall_seconds=stall_seconds
        )
        self._own_tap = tap is None
        self.tap = tap or Tap(service, sinks=(self.hub, *sinks))
        self._added: tuple[Sink, ...] = () if tap is None else ((self.hub,) if own_hub else ()) + tuple(sinks)
        self._running = False
        self._started_at = 0.0
        self._emitted: Counter[str] = Counter()
        self._rejected = 0
        self._subscriptions: list[Subscription] = []
        self._number = 0
        self._counting = threading.Lock()

    # --- life --------------------------------------------------------------------

    async def start(self) -> None:
        """Take events from here on. Again while it runs, it does nothing; a bus that was stopped stays so."""
        if self._running:
            return
        if self._own_tap:
            self.tap.start()
        for sink in self._added:
            self.tap.add_sink(sink)
        self._running = True
        self._started_at = time.monotonic()
        _told.clear()
        if get_event_bus() is None:
            set_event_bus(self)

    async def stop(self) -> None:
        """Take no more, give each subscriber what is left, and end its iteration. Idempotent."""
        if not self._running:
            return
        self._running = False
        if get_event_bus() is self:
            set_event_bus(None)
        self.tap.drain()
        if self._own_tap:
            self.tap.close()
        for sink in self._added:
            self.tap.remove_sink(sink)
        for one in self._subscriptions:
            one.end()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def running(self) -> bool:
        """Whether events are taken."""
        return self._running

    # --- in ------------------------------------------------------------------------

    def emit(
        self,
        data: SystemData,
        *,
        message: str | None = None,
        severity: Severity | None = None,
        session_id: str | None = None,
        user_id: str | None = None,
    ) -> Sent:
        """Take an event and return at once. Never raises; works from any thread.

        ``message`` and ``severity`` are the data's own where they are not given. Session and user are those
        of the running activation, as of all that a tap emits.
        """
        try:
            return self._emit(data, message, severity, session_id, user_id)
        except Exception as error:  # noqa: BLE001 - fire and forget: nothing of ours may reach the program
            return self.reject(type(data).__name__, error)

    def _emit(
        self,
        data: SystemData,
        message: str | None,
        severity: Severity | None,
        session_id: str | None,
        user_id: str | None,
    ) -> Sent:
        if not self._running:
            raise RuntimeError("the event bus is not running")
        if not self.tap.running:
            raise RuntimeError("the tap of the event bus is closed")
        severity = data.told_severity if severity is None else severity
        if severity not in SEVERITIES:
            raise ValueError(f"severity is one of {', '.join(SEVERITIES)}, not {severity!r}")
        kind = data.message_type
        event_id = self.tap.emit(
            ERROR if kind is None else SYSTEM,
            data.told_by,
            kind,
            {"message": message or data.told()} | data.payload(),
            severity=severity,
            scope=_scope(session_id, user_id),
        )
        with self._counting:
            self._emitted[(kind or ERROR).lower()] += 1
        return Sent(event_id)

    def reject(self, what: str, error: Exception) -> Sent:
        """Count an emission that is not possible, and log the first of its kind."""
        with self._counting:
            self._rejected += 1
        return not_taken(what, error)

    # --- out -----------------------------------------------------------------------

    def subscribe(
        self,
        types: Iterable[str] | None = None,
        severity: Severity | None = None,
        *,
        components: Iterable[str] | None = None,
        sessions: Iterable[str] | None = None,
        since_seq: int | None = None,
    ) -> Subscription:
        """The system events of these ``types``, of at least this ``severity``, from now on; by default all.

        ``since_seq`` brings those after it from the history first, 0 all. Needs a running event loop.

        Raises:
            ValueError: there is no such severity, or ``since_seq`` is negative.
        """
        if severity is not None and severity not in SEVERITIES:
            raise ValueError(f"severity is one of {', '.join(SEVERITIES)}, not {severity!r}")
        if since_seq is not None and since_seq < 0:
            raise ValueError("since_seq counts from 0")
        wanted = Subscribe(
            since_seq=since_seq,
            types=_chosen(types),
            components=_chosen(components),
            sessions=_chosen(sessions),
            severity=severity,
            batch=True,
            dialect="system",
        )
        self.tap.drain()  # what was emitted before is history to it
        self._number += 1
        self._subscriptions = [one for one in self._subscriptions if not one.done]
        made = Subscription(self.hub, wanted, f"subscriber-{self._number}")
        self._subscriptions.append(made)
        return made

    def get_stats(self) -> BusStats:
        """The bus in numbers, now."""
        feed = self.hub.stats()
        with self._counting:
            by_type = dict(self._emitted)
        return BusStats(
            running=self._running,
            active_subscribers=feed.active_subscribers,
            queue_size=self.tap.pending,
            queue_limit=PENDING_LIMIT,
            history_size=feed.history_size,
            history_limit=feed.history_limit,
            subscriber_queue_size=feed.queue_size,
            subscriber_queue_limit=feed.queue_limit,
            emitted=sum(by_type.values()),
            rejected=self._rejected,
            delivered=feed.delivered,
            dropped_subscribers=feed.dropped,
            gaps=feed.gaps,
            lost=feed.lost,
            uptime_seconds=round(time.monotonic() - self._started_at, 3) if self._running else 0.0,
            source=self.tap.source,
            by_type=by_type,
            feed=feed,
        )


def _scope(session_id: str | None, user_id: str | None) -> Scope | None:
    if session_id is None and user_id is None:
        return None
    here = current_scope()
    given: dict[str, Any] = {"session_id": session_id or here.session_id, "user_id": user_id or here.user_id}
    for name, value in given.items():
        if value is not None and not isinstance(value, str):
            raise ValueError(f"{name} is a string, not {type(value).__name__}")
    if session_id is not None and session_id != here.session_id:
        return Scope(**given)  # turn and correlation are those of another session
    return msgspec.structs.replace(here, **given)


def _chosen(names: Iterable[str] | None) -> tuple[str, ...] | None:
    if names is None:
        return None
    return (names,) if isinstance(names, str) else tuple(names)


# --- the bus of the helpers ------------------------------------------------------------

_bus: EventBus | None = None
_told: set[str] = set()


def get_event_bus() -> EventBus | None:
    """The bus that the helpers emit to, if there is one."""
    return _bus


def set_event_bus(bus: EventBus | None) -> None:
    """Have the helpers emit to `bus` from now on, in all threads; None: to nobody."""
    global _bus  # noqa: PLW0603 - a program has one, as it has one log
    _bus = bus


def not_taken(what: str, error: Exception) -> Sent:
    """Log why an event was not taken, once of each reason, and go on."""
    reason = f"{what}: {_reason(error)}"
    if reason not in _told and len(_told) < _MOST_TOLD:
        _told.add(reason)
        logger.warning("an event was not emitted, nor are more like it: {}", reason)
    return Sent()


def _reason(error: Exception) -> str:
    errors: Callable[..., list[dict[str, Any]]] | None = getattr(error, "errors", None)
    if errors is None:
        return error_text(error) or type(error).__name__
    first = errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
