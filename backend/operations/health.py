"""Is it well? What each dependency says, within a bound of time, and what follows for the whole."""

from __future__ import annotations

import asyncio
import enum
import inspect
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, NamedTuple

from msgspec import Struct

from backend.events import error_text
from backend.tap import silent

CHECK_SECONDS: Final = 0.5
"""What does not answer by then is degraded: it is slow, which is no sign of being gone."""
KEPT_SECONDS: Final = 1.0
"""Answers are kept so long, whoever asks how often."""

SERVICES: Final = ("assistant", "models", "feed", "store", "mux")
"""The five that an operator looks for: each dependency belongs to one."""


class Status(enum.StrEnum):
    """How something is, from the best to the worst; ``off`` is not asked for."""

    OFF = "off"
    OK = "ok"
    DEGRADED = "degraded"
    STARTING = "starting"
    DOWN = "down"


_WORSE: Final = tuple(Status)


class Condition(NamedTuple):
    """How a dependency is, and why in one line where it is not ok."""

    status: Status
    told: str = ""


OK: Final = Condition(Status.OK)
OFF: Final = Condition(Status.OFF)


def degraded(told: str) -> Condition:
    """It works, but not as it should."""
    return Condition(Status.DEGRADED, told)


def down(told: str) -> Condition:
    """It does not work."""
    return Condition(Status.DOWN, told)


Check = Callable[[], Condition | Awaitable[Condition]]
"""Asked on the event loop: numbers that are there at once, or an ``async def`` for what takes time."""


class Dependency(NamedTuple):
    """``needed``: without it nothing is served, so that orchestrators send nobody here."""

    name: str
    service: str
    check: Check
    needed: bool = False


class Answer(Struct, frozen=True):
    """One line of the table: a dependency, or a service, as bad as its worst dependency."""

    status: Status
    told: str = ""
    needed: bool = False


class Report(Struct, frozen=True):
    """All of it. ``status`` is ``ok``, ``degraded``, ``starting``, ``down`` or ``stopping``."""

    status: str
    ready: bool
    services: dict[str, Answer]
    dependencies: dict[str, Answer]


class Health:
    """Asks the dependencies, those that are awaited each at most once a second, however many ask."""

    def __init__(self, *, check_seconds: float = CHECK_SECONDS, kept_seconds: float = KEPT_SECONDS) -> None:
        self.stopping = False
        """Set when the end begins: from then on nobody is to come here any more."""
        self._check_seconds = check_seconds
        self._kept_seconds = kept_seconds
        self._dependencies: dict[str, Dependency] = {}
        self._asked: dict[str, tuple[float, asyncio.Task[Condition]]] = {}

    def add(self, dependency: Dependency) -> None:
        """Ask for this one, too; in place of another of its name."""
        if dependency.service not in SERVICES:
            raise ValueError(f"{dependency.service!r} is none of the services {', '.join(SERVICES)}")
        self._dependencies[dependency.name] = dependency
        self._asked.pop(dependency.name, None)

    async def report(self) -> Report:
        """How everything is; never raises, and takes half a second at most."""
        asked = tuple(self._dependencies.values())
        said = await asyncio.gather(*map(self._condition, asked))
        found = {
            one.name: Answer(condition.status, " ".join(condition.told.split()), one.needed)
            for one, condition in zip(asked, said, strict=True)
        }
        services = {
            name: _worst(found[one.name] for one in asked if one.service == name) for name in SERVICES
        }
        status = self._overall(found)
        return Report(status, status in {Status.OK, Status.DEGRADED}, services, found)

    def _overall(self, found: dict[str, Answer]) -> str:
        if self.stopping:
            return "stopping"
        needed = {one.status for one in found.values() if one.needed}
        for bad in (Status.DOWN, Status.STARTING):
            if bad in needed:
                return bad
        ailing = {Status.DEGRADED, Status.DOWN, Status.STARTING} & {one.status for one in found.values()}
        return Status.DEGRADED if ailing else Status.OK

    async def _condition(self, one: Dependency) -> Condition:
        if not inspect.iscoroutinefunction(one.check):
            return await self._said(one.check)
        now = time.monotonic()
        at, task = self._asked.get(one.name, (now, None))
        if task is None or (task.done() and now - at > self._kept_seconds):
            task = silent(self._said(one.check), f"health of {one.name}")
            self._asked[one.name] = now, task
        return await asyncio.shield(task)

    async def _said(self, check: Check) -> Condition:
        try:
            said = check()
            if inspect.isawaitable(said):
                async with asyncio.timeout(self._check_seconds):
                    return await said
        except TimeoutError:
            return degraded(f"no answer within {self._check_seconds:g} s")
        except Exception as error:  # noqa: BLE001 - whatever a check finds is an answer
            return down(f"{type(error).__name__}: {error_text(error)}")
        return said


def _worst(answers: Iterable[Answer]) -> Answer:
    """The worst of a service's; one that has none is off."""
    return max(answers, key=lambda one: _WORSE.index(one.status), default=Answer(Status.OFF))
