"""The time of one controller, and what it can have done to the bus."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from backend.bus import Bus, Gate, GateError
from backend.control.breaks import Breaks
from backend.control.inject import inject
from backend.wire import control as frames
from backend.wire.control import Request
from backend.wire.frames import one_line


class Tenure:
    """The time of one controller, from taking control to losing it."""

    def __init__(
        self,
        bus: Bus,
        name: str,
        peer: str,
        lease: float,
        *,
        on_change: Callable[[], None],
        on_lapse: Callable[[str], None],
    ) -> None:
        self.lease = lease
        self._peer = peer
        self._bus = bus
        self._on_change = on_change
        self._on_lapse = on_lapse
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self.gate = Gate(bus, name, on_change)
        self.breaks = Breaks(bus, self.gate)
        self._lapse: asyncio.TimerHandle | None = None
        self.renew()

    @property
    def told(self) -> str:
        """Who it is and since when, for another one who asks."""
        seconds = self._loop.time() - self._began
        return f"{self.gate.telling.by} ({self._peer}, for {seconds:.0f} s)"

    @property
    def lifted(self) -> bool:
        """Whether the gate was taken away: the bus closed."""
        return self._bus.gate is not self.gate

    def now_ns(self) -> int:
        """The events' own monotonic clock."""
        return self._bus.tap.clock.mono_ns()

    def renew(self) -> None:
        """A sign of life."""
        if self._lapse is not None:
            self._lapse.cancel()
        why = f"no sign of life for {self.lease:g} s"
        self._lapse = self._loop.call_later(self.lease, self._on_lapse, why)

    def end(self, why: str, do: str) -> None:
        """Release everything."""
        if self._lapse is not None:
            self._lapse.cancel()
        self.breaks.end()
        self.gate.lift(why, do)

    def do(self, request: Request) -> tuple[tuple[str, ...], str | None]:  # noqa: C901, PLR0911 - one a request
        """Do what the controller asks; returns the deliveries concerned and the event that tells it."""
        gate = self.gate
        match request:
            case frames.Pause(why):
                event = gate.pause(one_line(why))
                if event is None:
                    raise GateError("the bus is paused already")
                return (), event
            case frames.Resume():
                return (), gate.resume()
            case frames.Step("turn", delivery):
                waiting, event = gate.step_turn(delivery)
                return (str(waiting.key),), event
            case frames.Step(_, delivery):
                waiting, event = gate.step(delivery)
                return (str(waiting.key),), event
            case frames.Hold(deliveries):
                return deliveries, gate.hold(deliveries)
            case frames.Release(deliveries):
                return deliveries, gate.release(deliveries)
            case frames.Drop(deliveries):
                return deliveries, gate.drop(deliveries)
            case frames.Delay(component, seconds):
                return (), gate.delay(component, seconds)
            case frames.Inject():
                event, _ = inject(self._bus, gate, request)
                return (), event
            case frames.Break() | frames.Unbreak():
                return (), self._break(request)
        return (), None

    def _break(self, request: frames.Break | frames.Unbreak) -> str:
        if isinstance(request, frames.Unbreak):
            self.breaks.disarm(request.name)
            told = {"name": request.name}
        else:
            self.breaks.arm(request)
            told = {"name": request.name, "when": request.text, "then": request.then}
        self._on_change()
        return self.gate.telling.tell("unbreak" if isinstance(request, frames.Unbreak) else "break", told)
