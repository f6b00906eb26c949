"""What is asked of each thing that a backend depends on: numbers that are there already."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final

from backend.bus import Bus
from backend.operations.health import OFF, OK, Check, Condition, Status, degraded, down
from backend.operations.outlets import Outlet
from backend.tap import Tap
from backend.tap.hub import Hub

BUSY_FROM: Final = 0.5
"""A mailbox that is so full is told before it loses anything."""


def feed(hub: Hub) -> Check:
    """Whether events are taken and served."""

    def check() -> Condition:
        if not hub.running:
            return down("the feed has ended")
        return OK

    return check


def recording(tap: Tap) -> Check:
    """Whether each sink of the tap still takes events: a recorder on a full disk does not."""

    def check() -> Condition:
        errors = tap.sink_errors
        return degraded(errors[-1]) if errors else OK

    return check


def bus(of: Callable[[], Bus | None]) -> Check:
    """Whether messages are delivered, and no mailbox fills up."""

    def check() -> Condition:
        running = of()
        if running is None:
            return Condition(Status.STARTING, "the bus is not there yet")
        if running.gate is not None:
            return degraded("somebody controls the bus: messages may be held")
        fullest = max(running.ports, key=lambda port: len(port.mailbox) / port.mailbox.capacity, default=None)
        if fullest is not None:
            waiting, capacity = len(fullest.mailbox), fullest.mailbox.capacity
            if waiting >= BUSY_FROM * capacity:
                return degraded(f"{fullest.component} has {waiting} of {capacity} messages waiting")
        return OK

    return check


def outlet(one: Outlet) -> Check:
    """Whether the far end takes events."""

    def check() -> Condition:
        now = one.stats()
        if now.problem:
            return degraded(f"{now.problem}; {now.waiting:,} events wait")
        return OK

    return check


def off() -> Condition:
    """Nobody asked for it."""
    return OFF


class Engine:
    """How far an engine is; `probe`, where it has one, says in a line what is wrong now, else nothing."""

    def __init__(self, probe: Callable[[], str] | None = None) -> None:
        self._probe = probe
        self.state = Condition(Status.STARTING, "it is not loaded yet")

    def check(self) -> Condition:
        """For `Health`."""
        if self.state.status is Status.OK and self._probe is not None and (told := self._probe()):
            return degraded(told)
        return self.state


class Thread:
    """A check that runs on somebody's only thread. One at a time: who is stuck gets no second one.

    `submit` gives the thread something small to do.
    """

    def __init__(self, submit: Callable[[], Future[object]]) -> None:
        self._submit = submit
        self._asked: Future[object] | None = None

    async def check(self) -> Condition:
        """For `Health`, which bounds how long this takes."""
        if self._asked is None or self._asked.done():
            self._asked = self._submit()
        # Who gives up waiting must not cancel it: it may be running.
        await asyncio.shield(asyncio.wrap_future(self._asked))
        return OK
