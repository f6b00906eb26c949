"""What stands before the mailboxes while somebody controls the bus.

A mailbox whose message may not go keeps it: publishing goes on, bounds and overflow are what they always
are, and a handler that runs is left to finish. There is a gate only as long as there is a controller;
without, `Bus.gate` is None, and that is all that a delivery asks.

========== =========================== ============================================
mode       on                          becomes
========== =========================== ============================================
running    pause, a break              paused
paused     resume                      running
paused     step, release               stepping, until these were taken: then paused
paused     step a turn                 stepping, until that turn is over: then paused
any        lift                        no gate: all goes, in the order of each mailbox
========== =========================== ============================================

Everything done is an event: ``system``, ``CONTROL``, of the bus.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, Protocol

from backend.bus.aside import Aside
from backend.bus.delays import Delays
from backend.bus.deliveries import GateError, Key, Waiting, find, located, out_of_order, waiting_at
from backend.bus.envelope import Envelope
from backend.bus.told import Telling, named
from backend.bus.turn_step import TurnStep

if TYPE_CHECKING:
    from backend.bus.bus import Bus
    from backend.bus.port import Port

Then = Literal["pause", "hold"]


class Judge(Protocol):
    """Whoever has something to say of deliveries that are about to begin."""

    def concerned(self, component: str, message_type: str) -> bool:
        """Whether it has, of such ones: asked of each, so it must be cheap."""
        ...

    def verdict(self, port: Port, envelope: Envelope) -> Then | None:
        """What is to become of this one; None: let it begin. Asked once of each."""
        ...


class Gate:
    """Made by whoever controls, in the name ``by``, and in force at once.

    ``on_change`` is called when something is different, but for deliveries that are added only once until
    `seen` is called. ``judge`` is asked about each delivery before it begins, unless it goes by order of
    the controller.

    Raises:
        GateError: from the methods that are asked for something; nothing was done then.
    """

    def __init__(self, bus: Bus, by: str, on_change: Callable[[], None] = lambda: None) -> None:
        self.why: str | None = None
        self.delays = Delays()
        self.telling = Telling(bus, by)
        self.judge: Judge | None = None
        self.paused = False
        self.since_ns = bus.tap.clock.mono_ns()
        self.on_change = on_change
        self._bus = bus
        self._alone = Aside()
        self._going: deque[Key] = deque()
        self._passed: set[Key] = set()
        self._judged: set[Key] = set()
        self._free: set[Port] = set()
        self._caught: str | None = None
        self._unseen = False
        self._turn: TurnStep | None = None
        bus.gate = self

    # --- what the bus asks -----------------------------------------------------------

    def delivered(self, port: Port, envelope: Envelope) -> None:
        """A message was put into a mailbox."""
        if self._caught is not None and envelope.publish_id == self._caught:
            self._alone.add(Key(envelope.publish_id, port))
        if self.delays.seconds:
            self.delays.arrived(envelope.publish_id, port)
        if not self._unseen and (self.paused or self._alone.by_port):
            self._unseen = True
            self.on_change()

    def seen(self) -> None:
        """Whoever `on_change` called has looked: from here on it is called for new deliveries, too."""
        self._unseen = False

    def take(self, port: Port) -> Envelope | None:
        """The message that may be handled now, out of the mailbox; None for none."""
        box = port.mailbox
        if self._free and port in self._free:
            return box.take()
        if self._going and self._going[0].port is port:
            granted = located(self._going[0])
            if granted is not None:
                self._going.popleft()
                self._next_granted()
                return self._hand_over(granted)
        if self.paused:
            return None
        if not (self._alone.by_port or self._going or self._turn is not None or self.delays.seconds):
            judge, first = self.judge, box.first
            if (
                judge is None
                or first is None
                or not judge.concerned(port.component, first.message.message_type)
            ):
                return box.take()
        return self._choose(port)

    def _choose(self, port: Port) -> Envelope | None:
        """The first that is not kept back, for one reason or the other."""
        aside = self._alone.of(port)
        for place, envelope in enumerate(port.mailbox):
            if envelope.publish_id in aside:
                continue
            key = Key(envelope.publish_id, port)
            if key in self._going:
                continue
            if self.delays.keeps(key) or self._turn_is_over(envelope):
                return None
            if self.judge is not None and key not in self._judged:
                then = self.judge.verdict(port, envelope)
                if then == "hold":
                    self._alone.add(key)
                    self.on_change()
                    continue
                if then == "pause" or self.paused:
                    self._judged.add(key)  # it does not stop again at the same
                    return None
            return self._hand_over(Waiting(key, envelope, place))
        if not len(port.mailbox):
            self._turn_is_over()
        return None

    def _hand_over(self, waiting: Waiting) -> Envelope:
        key, envelope, place = waiting
        if place and waiting.ordered:
            self._overtakes(waiting)
        self._forget(key)
        if self._turn is not None:
            self._turn.taken(envelope)
        if self.paused or self._alone.by_port or place:
            self.on_change()
        return key.port.mailbox.take_at(place)

    def _overtakes(self, waiting: Waiting) -> None:
        """Tell what a mailbox which promises an order would never have done by itself.

        One event for each delivery that was moved: those held by themselves, which come too late, or else
        the one that goes before its time. Its cause is the publication.
        """
        port = waiting.key.port
        passed = [Key(one.publish_id, port) for one in islice(port.mailbox, waiting.place)]
        late = [key for key in passed if key in self._alone]
        for key in late:
            if key not in self._passed:
                self._passed.add(key)
                self._tell_moved(key, passed_by=str(waiting.key))
        if len(late) < len(passed):
            self._tell_moved(waiting.key, passes=named(key for key in passed if key not in self._alone))

    def _tell_moved(self, key: Key, **how: Any) -> None:
        moved = located(key)
        scope = None if moved is None else moved.envelope.scope
        told = {"component": key.port.component, "delivery": str(key), "out_of_order": True, **how}
        self.telling.tell("overtake", told, cause=key.publish_id, scope=scope)

    def _forget(self, key: Key) -> None:
        self._alone.discard(key)
        self._passed.discard(key)
        self._judged.discard(key)
        self.delays.gone(key)

    # --- the whole bus -----------------------------------------------------------------

    def pause(self, why: str = "", *, do: str = "pause", cause: str | None = None, **data: Any) -> str | None:
        """Let nothing more begin. Returns the id of the event; None if it was paused before."""
        self._turn = None
        if self.paused and not self._going:
            return None
        self.paused = True
        self._going.clear()
        self.why = why or None
        for wait in self._bus.waits:
            wait.stand_still()
        event = self.telling.tell(do, {"why": why, **data}, cause=cause)
        self.on_change()
        return event

    def resume(self) -> str:
        """Let all go that is not held by itself."""
        if not self.paused and self._turn is None:
            raise GateError("the bus is not paused")
        return self._run("resume")

    def _run(self, do: str, **data: Any) -> str:
        self.paused = False
        self.why = None
        self._turn = None
        self._going.clear()
        event = self.telling.tell(do, data)
        for wait in self._bus.waits:
            wait.go_on()
        self._look_all()
        self.on_change()
        return event

    def step(self, delivery: str | None = None) -> tuple[Waiting, str]:
        """Let one delivery go: that one, or the oldest that is not held by itself."""
        if not self.paused:
            raise GateError("the bus is not paused: pause it before stepping")
        waiting = self._named_or_oldest(delivery)
        event = self._let([waiting], "step")
        return waiting, event

    def step_turn(self, delivery: str | None = None) -> tuple[Waiting, str]:
        """Run until the turn of that delivery, or of the oldest that has one, is over."""
        if not self.paused:
            raise GateError("the bus is not paused: pause it before stepping")
        waiting = self._named_or_oldest(delivery, with_turn=True)
        scope = waiting.envelope.scope
        if scope.turn is None:
            raise GateError(f"{waiting.key} belongs to no turn")
        event = self._run("step_turn", turn=scope.turn, session_id=scope.session_id)
        self._turn = TurnStep(scope)
        return waiting, event

    def _named_or_oldest(self, delivery: str | None, *, with_turn: bool = False) -> Waiting:
        if delivery is not None:
            return self._find(delivery)
        for waiting in waiting_at(self._held_ports()):
            if waiting.key in self._alone or waiting.key in self._going:
                continue
            if not with_turn or waiting.envelope.scope.turn is not None:
                return waiting
        raise GateError(
            "no held delivery belongs to a turn" if with_turn else "nothing waits to be delivered"
        )

    def _turn_is_over(self, following: Envelope | None = None) -> bool:
        """Pause if the turn that is stepped over is, as the next delivery shows, or that there is none."""
        turn = self._turn
        if turn is None:
            return False
        why = turn.over(self._held_ports()) if following is None else turn.left_behind(following)
        if why is not None:
            self.pause(why, do="stepped")
        return why is not None

    # --- deliveries ----------------------------------------------------------------------

    def hold(self, deliveries: Sequence[str]) -> str:
        """Keep these back, though others go."""
        found = [self._find(delivery) for delivery in deliveries]
        for waiting in found:
            self._alone.add(waiting.key)
            if waiting.key in self._going:
                self._going.remove(waiting.key)
        event = self.telling.tell_of("hold", found)
        self._next_granted()
        self.on_change()
        return event

    def hold_publish(self, publish_id: str) -> None:
        """Hold each delivery of the message whose publication is being recorded right now."""
        self._caught = publish_id

    def release(self, deliveries: Sequence[str]) -> str:
        """Let these go, in this order, whether the bus is paused or not."""
        found = [self._find(delivery) for delivery in dict.fromkeys(deliveries)]
        if not self.paused and (free := [one for one in found if one.key not in self._alone]):
            raise GateError(f"{free[0].key} is not held")
        return self._let(found, "release")

    def _let(self, found: list[Waiting], do: str) -> str:
        odd = {"out_of_order": True} if out_of_order(found, self._passed) else {}
        for waiting in found:
            self._alone.discard(waiting.key)
            if waiting.key not in self._going:
                self._going.append(waiting.key)
        event = self.telling.tell_of(do, found, **odd)
        self._next_granted()
        self.on_change()
        return event

    def _next_granted(self) -> None:
        """Wake whoever is next to take; what went another way meanwhile is no longer waited for."""
        while self._going and located(self._going[0]) is None:
            self._going.popleft()
        if self._going:
            self._going[0].port.look()

    def drop(self, deliveries: Sequence[str]) -> str:
        """Have these never happen."""
        found = [self._find(delivery) for delivery in dict.fromkeys(deliveries)]
        for waiting in found:
            key = waiting.key
            if (place := key.port.mailbox.place_of(key.publish_id)) is not None:
                key.port.discard(place)
            if key in self._going:
                self._going.remove(key)
            self._forget(key)
        event = self.telling.tell_of("drop", found)
        self._next_granted()
        self.on_change()
        return event

    def delay(self, component: str, seconds: float) -> str:
        """Deliver what goes to a component that much later, what waits there too; 0: no more."""
        ports = [port for port in self._bus.ports if port.component == component]
        if not ports:
            names = ", ".join(sorted({port.component for port in self._bus.ports}))
            raise GateError(f"no component {component[:100]!r} is at the bus; there are {names}")
        self.delays.set(component, seconds, ports)
        event = self.telling.tell("delay", {"component": component, "seconds": seconds})
        for port in ports:
            port.look()
        self.on_change()
        return event

    # --- what is held --------------------------------------------------------------------

    @property
    def stepping(self) -> bool:
        """Whether something was let go that has not been taken yet, or a turn runs to its end."""
        return self._turn is not None or (self.paused and bool(self._going))

    def held(self, most: int) -> tuple[list[tuple[Waiting, bool]], int]:
        """The oldest that are held, each with whether it is held by itself; and how many more there are."""
        if self.paused:
            ports = self._held_ports()
            shown = list(islice(waiting_at(ports), most))
            total = sum(len(port.mailbox) for port in ports)
        else:
            there = self._alone.waiting()
            shown, total = there[:most], len(there)
        return [(waiting, waiting.key in self._alone) for waiting in shown], total - len(shown)

    def _held_ports(self) -> list[Port]:
        return [port for port in self._bus.ports if port not in self._free]

    def _find(self, delivery: str) -> Waiting:
        return find(delivery, self._held_ports())

    # --- the end ---------------------------------------------------------------------------

    def free(self, ports: Iterable[Port], why: str) -> None:
        """Hold nothing of these any more: they close, and are to get what is left."""
        free = [port for port in ports if port not in self._free]
        held = [one for one in waiting_at(free) if self.paused or one.key in self._alone]
        self._free.update(free)
        self._alone.forget(free)
        self._going = deque(key for key in self._going if key.port not in self._free)
        if held:
            self.telling.tell_of("release", held, why=why, by_itself=True)
        for port in free:
            port.look()
        self._next_granted()
        self.on_change()

    def forget(self, port: Port) -> None:
        """A port is gone."""
        self._free.discard(port)
        self.delays.forget(port)

    def lift(self, why: str, do: str = "let_go") -> None:
        """Take the gate away: everything goes. Idempotent."""
        if self._bus.gate is not self:
            return
        shown, more = self.held(0)
        released = len(shown) + more
        self.delays.end()
        self.judge = None
        severity = "info" if do == "let_go" else "warning"
        told = {"why": why, "released": released, "was_paused": self.paused}
        self.telling.tell(do, told, severity=severity)
        self.paused = False
        self._bus.gate = None
        for wait in self._bus.waits:
            wait.go_on()
        self._look_all()
        self.on_change()

    def _look_all(self) -> None:
        """Wake the mailboxes, those first that have waited longest."""
        waiting = [port for port in self._bus.ports if len(port.mailbox)]
        for port in sorted(waiting, key=lambda one: next(iter(one.mailbox)).number):
            port.look()
