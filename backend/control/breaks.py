"""Breaks: conditions that wait for an event, and what is done when it comes.

A break is asked about events as they are emitted, but for a ``message_received``: that one is asked about
before it happens, so that the delivery can still be held. Of one message a break stops at the first event
that is as it says: the publication, else a delivery, else the end of its handling.

What an event is called decides most: which breaks can mean an event of some type, component and message
is found out once for each such three, so that the others cost a look into a dict.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from typing import Final

from backend.bus import Bus, Envelope, Gate, Port
from backend.bus.gate import Then
from backend.control.conditions import ConditionError, Head, Test, compile_condition
from backend.control.subject import Arriving, Subject
from backend.events.vocabulary import CONTROL, HANDLED, PUBLISHED, RECEIVED
from backend.tap.stamped import Stamped
from backend.wire import control as frames

MOST_BREAKS: Final = 50
_MOST_HEADS: Final = 4096
_MOST_MET: Final = 4096


class Met:
    """Ids that were met lately. The oldest are forgotten: whatever followed from them is over."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()

    def add(self, event_id: str) -> None:
        """Remember one."""
        self._ids[event_id] = None
        if len(self._ids) > _MOST_MET:
            self._ids.popitem(last=False)

    def __contains__(self, event_id: object) -> bool:
        return event_id in self._ids

    def __bool__(self) -> bool:
        return bool(self._ids)


class Break:
    """One break, armed."""

    def __init__(self, asked: frames.Break) -> None:
        self.name = asked.name
        self.text = asked.text
        self.then: Then = asked.then
        self.hits = 0
        self.disarmed: str | None = None
        self.published = Met()
        self.received = Met()
        self._test: Test | None = None if asked.when is None else compile_condition(asked.when)
        self._messages = _upper(asked.message_types)
        self._components = _upper(asked.components)

    def possible(self, head: Head) -> bool:
        """Whether an event of this head may be meant."""
        event_type, component, message = head
        if message == CONTROL or (self.then == "hold" and event_type not in {PUBLISHED, RECEIVED}):
            return False  # what we did ourselves; and only deliveries can be held
        if self._messages is not None and (message or "").upper() not in self._messages:
            return False
        if self._components is not None and component.upper() not in self._components:
            return False
        return self._test is None or self._test.by_head(head) is not False

    def holds(self, subject: Subject) -> bool:
        """Whether an event, one that is possible, is meant."""
        return self._test is None or self._test.holds(subject)

    @property
    def state(self) -> frames.BreakState:
        """As observers are told."""
        return frames.BreakState(self.name, self.text, self.then, self.hits, self.disarmed)


def _upper(names: tuple[str, ...] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(name.upper() for name in names)


class Breaks:
    """All breaks of a controller. They watch only while there is one."""

    def __init__(self, bus: Bus, gate: Gate) -> None:
        self._bus = bus
        self._gate = gate
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._breaks: dict[str, Break] = {}
        self._by_head: dict[Head, tuple[Break, ...]] = {}
        self._arriving: dict[tuple[str, str], tuple[Break, ...]] = {}

    @property
    def states(self) -> tuple[frames.BreakState, ...]:
        """As observers are told."""
        return tuple(one.state for one in self._breaks.values())

    def arm(self, asked: frames.Break) -> None:
        """Wait for this from now on, in place of one of that name.

        Raises:
            ConditionError: there are too many, or the condition cannot be judged.
        """
        if asked.name not in self._breaks and len(self._breaks) >= MOST_BREAKS:
            raise ConditionError(f"{MOST_BREAKS} breaks are armed: take one away first")
        self._breaks[asked.name] = Break(asked)
        self._changed()

    def disarm(self, name: str) -> None:
        """Wait for it no more.

        Raises:
            ConditionError: there is none of that name.
        """
        if self._breaks.pop(name, None) is None:
            raise ConditionError(f"there is no break {name[:100]!r}")
        self._changed()

    def end(self) -> None:
        """Wait for nothing any more."""
        self._breaks.clear()
        self._changed()

    def _changed(self) -> None:
        self._by_head.clear()
        self._arriving.clear()
        armed = any(one.disarmed is None for one in self._breaks.values())
        if armed:
            self._bus.tap.watch(self._by_head.get, self._show)
        else:
            self._bus.tap.unwatch()
        self._gate.judge = self if armed else None

    # --- what happens ------------------------------------------------------------------

    def _show(self, event: Stamped) -> None:
        """An event is being emitted that may be meant."""
        head = (event.event_type, event.component, event.message_type)
        breaks = self._by_head.get(head)
        if breaks is None:
            breaks = self._look_up(head)
        if breaks:
            self._meet(event, breaks)

    def _look_up(self, head: Head) -> tuple[Break, ...]:
        """Those that an event of this head may be meant by.

        A receive was judged before it began; it is only noted, for those that the end of its handling
        might be meant by.
        """
        event_type, component, message = head
        meant = (HANDLED, component, message) if event_type == RECEIVED else head
        found = self._possible(meant)
        if len(self._by_head) >= _MOST_HEADS:
            self._by_head.clear()
        self._by_head[head] = found
        return found

    def _possible(self, head: Head) -> tuple[Break, ...]:
        return tuple(one for one in self._breaks.values() if one.disarmed is None and one.possible(head))

    def _meet(self, event: Stamped, breaks: tuple[Break, ...]) -> None:
        if threading.get_ident() != self._thread:
            self._loop.call_soon_threadsafe(self._meet, event, breaks)
            return
        if self._bus.gate is not self._gate:
            return
        kind, cause = event.event_type, event.cause or ""
        if kind == RECEIVED:
            for one in breaks:
                if cause in one.published:
                    one.received.add(event.id)
            return
        subject = Subject(event)
        for one in breaks:
            if (kind == HANDLED and cause in one.received) or not self._holds(one, subject):
                continue
            if kind == PUBLISHED:
                one.published.add(event.id)
                if one.then == "hold":
                    self._gate.hold_publish(event.id)
            self._hit(one, event.id)

    def concerned(self, component: str, message_type: str) -> bool:
        """Whether such a delivery may be meant by any."""
        pair = component, message_type
        breaks = self._arriving.get(pair)
        if breaks is None:
            if len(self._arriving) >= _MOST_HEADS:
                self._arriving.clear()
            breaks = self._arriving[pair] = self._possible((RECEIVED, component, message_type))
        return bool(breaks)

    def verdict(self, port: Port, envelope: Envelope) -> Then | None:
        """What is to become of a delivery that is about to begin."""
        if not self.concerned(port.component, envelope.message.message_type):
            return None
        breaks = self._arriving[port.component, envelope.message.message_type]
        verdict: Then | None = None
        subject = Arriving(port, envelope)
        for one in breaks:
            if envelope.publish_id in one.published or not self._holds(one, subject):
                continue
            one.published.add(envelope.publish_id)
            self._hit(one, envelope.publish_id)
            if verdict != "pause":
                verdict = one.then
        return verdict

    def _holds(self, one: Break, subject: Subject) -> bool:
        try:
            return one.holds(subject)
        except Exception as error:  # noqa: BLE001 - a condition of the controller's must not reach the program
            one.disarmed = f"{type(error).__name__}: {error}"[:200]
            self._gate.telling.tell(
                "disarm", {"name": one.name, "when": one.text, "why": one.disarmed}, severity="warning"
            )
            self._changed()
            self._gate.on_change()
            return False

    def _hit(self, one: Break, cause: str) -> None:
        one.hits += 1
        told = {"name": one.name, "when": one.text, "then": one.then, "hits": one.hits}
        if one.then == "pause":
            why = f"break {one.name}: {one.text}" if one.text else f"break {one.name}"
            self._gate.pause(why, do="hit", cause=cause, **told)
        else:
            self._gate.telling.tell("hit", told, cause=cause)
        self._gate.on_change()
