"""What all components of a session share."""

from __future__ import annotations

import asyncio
import inspect
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, cast

from loguru import logger

from backend.assistant.conditions import ORDINARY, Conditions
from backend.assistant.guards import Guard
from backend.assistant.turns import Turns
from backend.bus import Bus, Dropped
from backend.events.vocabulary import STATE_READ, SYSTEM
from backend.tap import Scope

TURN_CANCELLED: Final = "turn_cancelled"
"""`SystemMessage.recovery`: everybody drops what they do for that turn."""


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """Whose session it is, under which conditions it runs, and which of its turns are over."""

    session_id: str
    user_id: str
    conditions: Conditions = ORDINARY
    turns: Turns = field(default_factory=Turns)


async def stop_task(task: asyncio.Task[None], reason: str) -> None:
    """Cancel a task and wait until it is gone: requested is not yet stopped.

    One that has not begun is let begin: cancelled before its first step, it would never say that it ended.
    How the task ends is its own affair: a failure of it was told when it happened, and
    must not become one of the turn that comes after. If it is the caller that is being
    cancelled, that goes on.
    """
    if not task.done():
        logger.debug("{} stops: {}", task.get_name(), reason)
        try:
            while inspect.getcoroutinestate(_coroutine_of(task)) == inspect.CORO_CREATED:  # noqa: ASYNC110 - one round
                await asyncio.sleep(0)
        finally:
            task.cancel(reason)
    try:
        await task
    except asyncio.CancelledError:
        caller = asyncio.current_task()
        if caller is not None and caller.cancelling():
            raise
    except Exception as error:  # noqa: BLE001 - see above
        logger.error("{} had failed: {}", task.get_name(), error)


def _coroutine_of(task: asyncio.Task[None]) -> Coroutine[Any, Any, None]:
    return cast("Coroutine[Any, Any, None]", task.get_coro())


class Component(ABC):
    """A component of one session: its port at the bus, and the turn it works for.

    Subclasses build their state, then `start` subscribes them; from there on they are
    driven by messages alone.
    """

    NAME: ClassVar[str]

    def __init__(self, bus: Bus, session: SessionInfo) -> None:
        self.session = session
        self.turn = 0
        self.port = bus.attach(self.NAME, session_id=session.session_id, state=self.get_debug_state)
        self.probe = self.port.probe
        self.tap = self.probe.tap

    @abstractmethod
    def start(self) -> None:
        """Subscribe."""

    @abstractmethod
    def get_debug_state(self) -> dict[str, Any]:
        """The snapshot that goes into each of its events."""

    async def close(self) -> None:
        """Unsubscribe and stop what still runs."""
        await self.port.close()

    def guarded(self, guard: Guard) -> bool:
        """Whether the session has this guard."""
        return self.session.conditions.guarded(guard)

    def read(self, *keys: str, after: str | None = None) -> None:
        """Record that the running activation looked at these keys of the component's state.

        ``after`` is an event that was waited for before that, where nothing else in the record says so.
        """
        names = tuple(f"{self.NAME}.{key}" for key in keys)
        self.probe.emit(STATE_READ, None, {"keys": list(keys)}, reads=names, cause=after)

    def wrote(self, *keys: str) -> None:
        """Record that the running activation set these keys of the component's state, changed or not."""
        names = tuple(f"{self.NAME}.{key}" for key in keys)
        self.probe.emit(SYSTEM, "STATE_WRITTEN", {"keys": list(keys)}, writes=names)

    def stale(self, scope: Scope) -> Dropped | None:
        """The answer to a message of a turn that is over, or None if it is not."""
        if scope.turn is not None and scope.turn < self.turn:
            return Dropped(f"turn {scope.turn} is over, turn {self.turn} runs")
        return None

    def silenced(self, scope: Scope) -> Dropped | None:
        """The answer to text or audio that nobody is to hear any more, or None.

        Knows of a turn's end before `stale` does: before this component has handled the message of it.
        """
        if self.session.turns.over(scope.turn):
            return Dropped(f"turn {scope.turn} is over")
        return self.stale(scope)
