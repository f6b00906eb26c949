"""A component's place at the bus: it subscribes, publishes and is run from here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from backend.bus.envelope import Dropped, Envelope
from backend.bus.mailbox import Mailbox
from backend.events import EMPTY
from backend.events.messages import Message
from backend.events.vocabulary import ERROR, HANDLED, RECEIVED, SUBSCRIBE, SUBSCRIBED, UNSUBSCRIBED
from backend.tap import Activation, Probe, Scope, current, describe_error, silent

if TYPE_CHECKING:
    from backend.bus.bus import Bus

M = TypeVar("M", bound=Message)
Handler = Callable[[M, Scope], Awaitable[Dropped | None]]


class Port:
    """One subscriber: its handlers, its mailbox, its probe. Made by `Bus.attach`.

    With ``concurrency`` 1 the mailbox is ordered: one handler runs at a time, in the
    order of publication. With more, up to that many run at once, each in a task.
    """

    def __init__(
        self,
        bus: Bus,
        probe: Probe,
        mailbox: Mailbox,
        address: str,
        *,
        session_id: str | None,
        concurrency: int,
    ) -> None:
        self.bus = bus
        self.probe = probe
        self.component = probe.component
        self.address = address
        self.session_id = session_id
        self.concurrency = concurrency
        self.mailbox = mailbox
        self._handlers: dict[str, Handler[Any]] = {}
        self._busy = 0
        self._taken_in = 0
        self._done_with = 0
        self._last_handled: str | None = None
        self._progress = asyncio.Event()
        self._wake = asyncio.Event()
        self._closed = False
        self.last_scope: Scope | None = None
        """In which scope it was given a message last."""
        self._loop_task = silent(self._run(), f"mailbox:{self.component}")
        self._running: set[asyncio.Task[None]] = set()

    # --- topology ------------------------------------------------------------

    def on(self, message: type[M], handler: Handler[M]) -> None:
        """Have `handler` called with each message of this type, and the scope it was sent in.

        Raises:
            ValueError: this component already handles that type.
            RuntimeError: the port is closed.
        """
        kind = message.message_type
        if self._closed:
            raise RuntimeError(f"{self.component} is closed: attach it again to subscribe to {kind}")
        if kind in self._handlers:
            raise ValueError(f"{self.component} already handles {kind}")
        self._handlers[kind] = handler
        self.bus.route(self, kind)
        mode = "ordered" if self.concurrency == 1 else "concurrent"
        data = {
            "message_type": kind,
            "mode": mode,
            "concurrency": self.concurrency,
            "capacity": self.mailbox.capacity,
            "overflow": self.mailbox.overflow.value,
        }
        self.probe.emit(SUBSCRIBED, kind, data, direction=SUBSCRIBE)

    @property
    def message_types(self) -> tuple[str, ...]:
        """What it subscribes to."""
        return tuple(self._handlers)

    def publish(self, message: Message, scope: Scope | None = None) -> str:
        """Send `message` in this component's name; returns the id of the publish event.

        ``scope`` is for a message that belongs to another turn than the running one, such
        as the end of a turn that was interrupted.
        """
        return self.bus.publish(message, self.probe, scope)

    # --- delivery ------------------------------------------------------------

    def deliver(self, envelope: Envelope) -> None:
        """Put a message into the mailbox; what is lost to a full one is reported."""
        self._taken_in += 1
        lost = self.mailbox.put(envelope)
        if lost is not None:
            self._done_with += 1
            self._report_lost(lost)
        gate = self.bus.gate
        if gate is not None:
            gate.delivered(self, envelope)
        self._wake.set()

    def look(self) -> None:
        """Look into the mailbox again: what was held there may go now."""
        self._wake.set()

    def discard(self, place: int) -> Envelope:
        """Take a message out of the mailbox that is never to be handled."""
        envelope = self.mailbox.take_at(place)
        self._done_with += 1
        self._progress.set()
        self.bus.settled()
        return envelope

    def _report_lost(self, lost: Envelope) -> None:
        data = {
            "error_type": "MailboxFull",
            "error_message": f"{self.component} has {self.mailbox.capacity} messages waiting",
            "component": self.component,
            "message_type": lost.message.message_type,
            "recovery_action": self.mailbox.overflow.value,
            "lost": self.mailbox.lost,
        }
        self.probe.tap.emit(
            ERROR,
            self.component,
            lost.message.message_type,
            data,
            severity="error",
            cause=lost.publish_id,
            scope=lost.scope,
        )

    @property
    def idle(self) -> bool:
        """Nothing waits and no handler runs."""
        return not self._busy and not len(self.mailbox)

    async def caught_up(self) -> str | None:
        """Wait until as many messages are done with as were delivered before this call.

        With an ordered mailbox that is exactly those. Not to be awaited by a handler of this port.
        Returns the event that ended the last of them, to be told as the cause of what comes after it:
        no other event says that this was waited for. None where there was none.
        """
        wanted = self._taken_in
        while self._done_with < wanted and not self._loop_task.done():
            self._progress.clear()
            await self._progress.wait()
        return self._last_handled

    async def _run(self) -> None:
        slots = asyncio.Semaphore(self.concurrency)
        while True:
            # A message leaves the mailbox when it can be handled: until then it counts as waiting.
            await slots.acquire()
            envelope = await self._next()
            if envelope is None:
                return
            self._busy += 1
            if self.concurrency == 1:
                await self._handle(envelope)
                slots.release()
            else:
                task = silent(self._handle(envelope), f"handler:{self.component}")
                self._running.add(task)
                task.add_done_callback(self._running.discard)
                task.add_done_callback(lambda _done: slots.release())

    async def _next(self) -> Envelope | None:
        """The next message; None once the port is closed and its mailbox empty."""
        while True:
            gate = self.bus.gate
            envelope = self.mailbox.take() if gate is None else gate.take(self)
            if envelope is not None or (self._closed and not len(self.mailbox)):
                return envelope
            self._wake.clear()
            await self._wake.wait()

    async def _handle(self, envelope: Envelope) -> None:
        """One activation: received, the handler, handled. Whatever the handler does, the bus goes on."""
        message, publish_id, scope, _, _ = envelope
        self.last_scope = scope
        kind = message.message_type
        tap = self.probe.tap
        task = tap.new_task_id("h")
        token = current.set(Activation(task, publish_id, self.component, scope))
        received = tap.emit(
            RECEIVED, self.component, kind, message, self.probe.snapshot(), direction=SUBSCRIBE
        )
        current.set(Activation(task, received, self.component, scope))
        started = tap.clock.mono_ns()
        data: dict[str, Any] = {"outcome": "error"}  # and that it stays when the program itself ends
        failure: Exception | None = None
        try:
            verdict = await self._handlers[kind](message, scope)
            data = {"outcome": "ok"}
            if isinstance(verdict, Dropped):
                data |= {"dropped": True, "reason": verdict.reason}
        except asyncio.CancelledError:
            data = {"outcome": "cancelled"}
            if _asked_to_stop():
                raise
            # Else the handler awaited something that was cancelled: its own affair, not the mailbox's.
        except Exception as error:  # noqa: BLE001 - one failing handler must not stop another
            failure = error
            data = {"outcome": "error", **describe_error(error, self.component)}
        finally:
            data["duration_us"] = (tap.clock.mono_ns() - started) // 1000
            severity = "info" if failure is None else "error"
            if failure is not None:
                self.bus.report_failure(self.probe, kind, failure)
            snapshot = self.probe.snapshot()
            self._last_handled = tap.emit(HANDLED, self.component, kind, data, snapshot, SUBSCRIBE, severity)
            current.reset(token)
            self._busy -= 1
            self._done_with += 1
            self._progress.set()
            self.bus.settled()

    # --- end -----------------------------------------------------------------

    async def close(self) -> None:
        """Unsubscribe, finish what is in the mailbox, and stop. Idempotent.

        A handler that closes its own port is not waited for.
        """
        self._unsubscribe()
        await self._ended({self._loop_task})
        await self._ended(self._running)
        self.bus.detach(self)

    async def abort(self, patience: float = 1.0) -> int:
        """Stop now; running handlers are cancelled, waiting messages stay undelivered.

        Returns how many handlers have not let themselves be cancelled within `patience` seconds.
        """
        self._unsubscribe()
        tasks = {self._loop_task, *self._running} - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        stuck = await self._ended(tasks, patience)
        self.bus.detach(self)
        self._progress.set()
        return stuck

    def _unsubscribe(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self.bus.gate is not None:
            self.bus.gate.free([self], f"{self.component} closes")
        for kind in self._handlers:
            self.bus.unroute(self, kind)
            self.probe.tap.emit(UNSUBSCRIBED, self.component, kind, {"message_type": kind}, EMPTY, SUBSCRIBE)
        self._wake.set()

    async def _ended(self, tasks: set[asyncio.Task[None]], patience: float | None = None) -> int:
        """Wait for these tasks; returns how many still run."""
        others = tasks - {asyncio.current_task()}
        if not others:
            return 0
        _, still = await asyncio.wait(others, timeout=patience)
        return len(still)


def _asked_to_stop() -> bool:
    """Whether the running task itself was asked to end, and not just something it awaited."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
