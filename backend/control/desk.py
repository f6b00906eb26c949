"""The desk where control is asked for: one controller at a time, and everybody told what is controlled.

Sans-I/O but for the loop's timers, so it runs in virtual time too. The feed gives each of its clients a
`Seat`; what a client asks comes to `Seat.ask`, and when it leaves, or says nothing for as long as its
lease, all that it held is released at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from backend.bus import Bus, Gate, GateError
from backend.bus.deliveries import Waiting
from backend.control.conditions import ConditionError
from backend.control.tenure import Tenure
from backend.wire import control as frames
from backend.wire.control import ControlResult, ControlState, HeldDelivery, Request
from backend.wire.frames import Format, Frame, control_frame, one_line

STATE_SECONDS: Final = 0.05
"""States are told that far apart at least."""

STATE_BYTES: Final = 1_000_000
"""Of states that a client is sent a second: with much held, they are told less often."""

LOOKED_AT: Final = 200_000
"""Held deliveries that are looked at a second to tell a state: a microsecond each."""

MOST_HELD: Final = 200
"""Held deliveries that are told one by one."""

_LONGEST_ERROR = 400
_NOT_ALLOWED = "this client may not control: it needs the control token"

Listener = Callable[[], None]


class Desk:
    """Control of ``bus``, which may be given later by `serve`.

    ``set_pace`` sets how fast the voice plays, where there is one. ``timeouts`` names what of the program
    goes on counting while the bus is paused.
    """

    def __init__(
        self,
        bus: Bus | None = None,
        *,
        set_pace: Callable[[float], None] | None = None,
        timeouts: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self._bus = bus
        self._set_pace = set_pace
        self._timeouts = timeouts
        self._pace = 1.0
        self._tenure: Tenure | None = None
        self._controller: Seat | None = None
        self._listeners: set[Listener] = set()
        self._since: dict[str, int] = {}
        self._frames: dict[Format, Frame] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._next_told = 0.0
        self._looked_at = 0

    def serve(self, bus: Bus) -> None:
        """Control this bus from now on."""
        self._bus = bus

    def seat(self, peer: str, *, allowed: bool) -> Seat:
        """A place for a client of the feed."""
        return Seat(self, peer, allowed=allowed)

    # --- what a client asks --------------------------------------------------------------

    def ask(self, seat: Seat, request_id: int, request: Request) -> ControlResult:
        """Do it, or say in one line why not."""
        try:
            deliveries, event = self._do(seat, request)
        except (GateError, ConditionError) as error:
            return ControlResult(request_id, ok=False, error=one_line(error, _LONGEST_ERROR))
        return ControlResult(request_id, ok=True, deliveries=deliveries, event=event)

    def _do(self, seat: Seat, request: Request) -> tuple[tuple[str, ...], str | None]:
        if not seat.allowed:
            raise GateError(_NOT_ALLOWED)
        tenure = self._tenure
        if isinstance(request, frames.Take):
            return (), self._take(seat, request)
        if tenure is None or self._controller is not seat:
            if isinstance(request, frames.Alive):
                return (), None
            raise GateError(f"{tenure.told} has control" if tenure is not None else "take control first")
        tenure.renew()
        if isinstance(request, frames.Pace):
            return (), self._pace_at(tenure.gate, request.pace)
        if isinstance(request, frames.LetGo):
            self._end("let go", "let_go")
            return (), None
        return tenure.do(request)

    def _take(self, seat: Seat, asked: frames.Take) -> str | None:
        bus = self._bus
        if bus is None:
            raise GateError("the program has not begun: there is no bus yet")
        if not bus.here:
            raise GateError("the feed runs in another thread than the bus: serve it on the bus's own loop")
        tenure = self._tenure
        if tenure is not None:
            if self._controller is not seat:
                raise GateError(f"{tenure.told} has control: it has to let go first")
            tenure.lease = asked.lease
            tenure.renew()
            return None
        if bus.gate is not None:
            raise GateError("the program itself holds the bus")
        name = one_line(asked.name) or seat.peer
        tenure = Tenure(
            bus,
            name,
            seat.peer,
            asked.lease,
            on_change=self.on_change,
            on_lapse=lambda why: self.left(seat, why),
        )
        self._controller, self._tenure = seat, tenure
        self._changed()
        return tenure.gate.telling.tell("take", {"peer": seat.peer, "lease": asked.lease})

    def _pace_at(self, gate: Gate, pace: float) -> str:
        if self._set_pace is None:
            raise GateError("this program has no voice to pace")
        self._set_pace(pace)
        self._pace = pace
        self._changed()
        return gate.telling.tell("pace", {"pace": pace})

    def left(self, seat: Seat, why: str) -> None:
        """A client is gone, or as good as that."""
        if self._controller is seat:
            self._end(why, "lost")

    def _end(self, why: str, do: str) -> None:
        """Release everything: the bus, what was armed, and the pace of the voice."""
        tenure, self._tenure = self._tenure, None
        self._controller = None
        if tenure is None:
            return
        tenure.end(why, do)
        if self._pace != 1.0 and self._set_pace is not None:
            self._set_pace(1.0)
        self._pace = 1.0
        self._since.clear()
        self._changed()

    # --- what observers are told -----------------------------------------------------------

    def listen(self, listener: Listener) -> None:
        """Have `listener` called when there is a new state."""
        self._listeners.add(listener)

    def unlisten(self, listener: Listener) -> None:
        """The reverse."""
        self._listeners.discard(listener)

    def _changed(self) -> None:
        """Tell it soon: at once if nothing was told lately."""
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(loop.time(), self._next_told), self._tell)

    def on_change(self) -> None:
        """The gate says that something is different."""
        tenure = self._tenure
        if tenure is not None and tenure.lifted:
            self._end("the bus closed", "lost")
        else:
            self._changed()

    def _tell(self) -> None:
        self._timer = None
        self._frames.clear()
        for listener in tuple(self._listeners):
            listener()
        size = max((len(frame.data) for frame in self._frames.values()), default=0)
        rest = max(STATE_SECONDS, size / STATE_BYTES, self._looked_at / LOOKED_AT)
        self._next_told = asyncio.get_running_loop().time() + rest

    def frame(self, fmt: Format) -> Frame:
        """The state as it was told last, made once for all observers."""
        if fmt not in self._frames:
            self._frames[fmt] = control_frame(self.state(), fmt)
        return self._frames[fmt]

    def state(self) -> ControlState:
        """All that is controlled, now."""
        tenure = self._tenure
        if tenure is None:
            return ControlState()
        gate = tenure.gate
        held, more = gate.held(MOST_HELD)
        self._looked_at = len(held) + more
        now = tenure.now_ns()
        told = {str(waiting.key): self._since.get(str(waiting.key), now) for waiting, _ in held}
        self._since = told
        gate.seen()
        return ControlState(
            by=gate.telling.by,
            mode="stepping" if gate.stepping else "paused" if gate.paused else "running",
            why=gate.why,
            since_ns=gate.since_ns,
            held=tuple(_held(waiting, told[str(waiting.key)], alone=alone) for waiting, alone in held),
            more=more,
            breaks=tenure.breaks.states,
            delays=dict(gate.delays.seconds),
            pace=self._pace,
            timeouts=tuple(self._timeouts()) if gate.paused else (),
        )


def _held(waiting: Waiting, since_ns: int, *, alone: bool) -> HeldDelivery:
    envelope = waiting.envelope
    return HeldDelivery(
        str(waiting.key),
        envelope.publish_id,
        envelope.message.message_type,
        envelope.sender,
        waiting.key.port.component,
        envelope.scope.session_id,
        envelope.scope.turn,
        since_ns,
        alone,
        waiting.before(),
    )


class Seat:
    """One client's place at the desk."""

    def __init__(self, desk: Desk, peer: str, *, allowed: bool) -> None:
        self.peer = peer
        self.allowed = allowed
        self._desk = desk

    def ask(self, request_id: int, request: Request) -> ControlResult:
        """What became of a request."""
        return self._desk.ask(self, request_id, request)

    def leave(self, why: str = "its connection ended") -> None:
        """The client is gone. Idempotent."""
        self._desk.left(self, why)
