"""Publish/subscribe in one hop: a message goes straight into its subscribers' mailboxes."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections import defaultdict
from typing import Any

from backend.bus.envelope import ComponentFailed, Envelope
from backend.bus.gate import Gate
from backend.bus.mailbox import Mailbox, Overflow
from backend.bus.patience import Patience
from backend.bus.port import Port
from backend.events import error_text
from backend.events.messages import Message
from backend.events.vocabulary import ERROR, PUBLISH, PUBLISHED
from backend.tap import Probe, Scope, StateGetter, Tap, current

DEFAULT_CAPACITY = 4096


class Bus:
    """The message bus. Publishing never blocks and never fails because of a subscriber.

    A subscriber that belongs to a session gets that session's messages only; one without
    gets all. Bounds and their policy are the subscriber's (`Overflow`).
    """

    def __init__(self, tap: Tap, name: str = "message_bus") -> None:
        self.tap = tap
        self.name = name
        self.published = 0
        self.failures = 0
        self.gate: Gate | None = None
        """What holds deliveries while somebody controls the bus; see `backend.bus.gate`."""
        self._ports: list[Port] = []
        # By (message type, session); session None holds those that listen to all.
        self._routes: dict[tuple[str, str | None], list[Port]] = defaultdict(list)
        self.waits: set[Patience] = set()
        self._settled = asyncio.Event()
        self._thread = threading.get_ident()

    def attach(
        self,
        component: str,
        *,
        session_id: str | None = None,
        state: StateGetter | None = None,
        concurrency: int = 1,
        capacity: int = DEFAULT_CAPACITY,
        overflow: Overflow = Overflow.REFUSE,
    ) -> Port:
        """Give `component` a place at the bus. ``state`` is its ``get_debug_state``."""
        self._thread = threading.get_ident()  # mailboxes belong to the loop that runs here
        probe = Probe(self.tap, component, state)
        mailbox = Mailbox(capacity, overflow)
        address = self._address(component, session_id)
        port = Port(self, probe, mailbox, address, session_id=session_id, concurrency=concurrency)
        self._ports.append(port)
        return port

    def _address(self, component: str, session_id: str | None) -> str:
        """A name for a port that no other has who may be given the same message."""
        near = {
            port.address
            for port in self._ports
            if port.component == component and (session_id is None or port.session_id in {None, session_id})
        }
        names = (component if number == 1 else f"{component}#{number}" for number in itertools.count(1))
        return next(name for name in names if name not in near)

    @property
    def ports(self) -> tuple[Port, ...]:
        """Who is attached, in the order of attaching."""
        return tuple(self._ports)

    def route(self, port: Port, message_type: str) -> None:
        """Deliver messages of this type to `port` from now on."""
        self._routes[message_type, port.session_id].append(port)

    def unroute(self, port: Port, message_type: str) -> None:
        """The reverse of `route`."""
        key = (message_type, port.session_id)
        self._routes[key].remove(port)
        if not self._routes[key]:
            del self._routes[key]

    def detach(self, port: Port) -> None:
        """Forget a port that closes."""
        if port in self._ports:
            self._ports.remove(port)
            if self.gate is not None:
                self.gate.forget(port)
            self.settled()

    def publish(self, message: Message, probe: Probe, scope: Scope | None = None) -> str:
        """Send `message` in the name of the probe's component; returns its event's id.

        Raises:
            RuntimeError: called in another thread than the mailboxes' own.
        """
        if threading.get_ident() != self._thread:
            raise RuntimeError(
                f"{message.message_type} published from another thread: "
                "use loop.call_soon_threadsafe(port.publish, message)"
            )
        self.published += 1
        sent_in = current.get().scope if scope is None else scope
        publish_id = probe.emit(PUBLISHED, message.message_type, message, direction=PUBLISH, scope=scope)
        envelope = Envelope(message, publish_id, sent_in, self.published, probe.component)
        kind, session = message.message_type, sent_in.session_id
        for port in tuple(self._routes.get((kind, None), ())):
            port.deliver(envelope)
        if session is not None:
            for port in tuple(self._routes.get((kind, session), ())):
                port.deliver(envelope)
        return publish_id

    def report_failure(self, probe: Probe, on_message: str, error: Exception) -> None:
        """Tell whoever listens to `ComponentFailed` that a handler raised."""
        self.failures += 1
        failed = ComponentFailed(probe.component, on_message, type(error).__name__, error_text(error))
        session = current.get().scope.session_id
        kind = failed.message_type
        heard = (kind, None) in self._routes or (kind, session) in self._routes
        # A listener that fails on this very message must not set off the next one.
        if heard and on_message != kind:
            self.publish(failed, probe)

    # --- held ----------------------------------------------------------------

    @property
    def here(self) -> bool:
        """Whether this is the thread that the mailboxes belong to."""
        return threading.get_ident() == self._thread

    def free(self, session_id: str, why: str) -> None:
        """Hold nothing of this session any more, though the bus be held: it ends."""
        if self.gate is not None:
            self.gate.free([port for port in self._ports if port.session_id == session_id], why)

    def patience(self, seconds: float) -> Patience:
        """As `asyncio.timeout`, but its time stands still while the bus is paused."""
        return Patience(seconds, self)

    # --- life ----------------------------------------------------------------

    def settled(self) -> None:
        """A handler ended; whoever waits for quiet looks again."""
        self._settled.set()

    async def idle(self) -> None:
        """Wait until no message waits and no handler runs. Tasks that handlers began may go on."""
        while not all(port.idle for port in self._ports):
            self._settled.clear()
            await self._settled.wait()

    async def close(self, timeout: float = 5.0) -> None:  # noqa: ASYNC109 - the bound is the bus's own policy
        """Deliver what waits, at most `timeout` seconds long, then unsubscribe everybody.

        Who is not done by then is cancelled, and an ``error`` event says so. A bus that is held is let go.
        """
        if self.gate is not None:
            self.gate.lift("the bus closes")
        try:
            async with asyncio.timeout(timeout):
                await self.idle()
                for port in tuple(self._ports):
                    await port.close()
        except TimeoutError:
            for port in tuple(self._ports):
                await self._cut_short(port, timeout)

    async def _cut_short(self, port: Port, after: float) -> None:
        was_idle = port.idle
        stuck = await port.abort()
        if was_idle:
            return
        undone = f"{len(port.mailbox)} messages undelivered"
        if stuck:
            undone += f", {stuck} handlers still running although cancelled"
        port.probe.emit(
            ERROR,
            None,
            {
                "error_type": "ShutdownTimeout",
                "error_message": f"{undone} after {after:g} s",
                "component": port.component,
                "recovery_action": "cancelled",
            },
            severity="error",
        )

    def topology(self) -> dict[str, Any]:
        """Components and who subscribes to what, for a viewer that comes late."""
        subscribers: dict[str, set[str]] = defaultdict(set)
        for port in self._ports:
            subscribers[port.component].update(port.message_types)
        return {
            "bus": self.name,
            "components": sorted(subscribers),
            "subscriptions": {name: sorted(kinds) for name, kinds in sorted(subscribers.items())},
        }
