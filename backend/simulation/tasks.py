"""Tasks and futures whose hash is a number.

Python walks a set by hash, and an object's hash is its address: `asyncio.TaskGroup` would cancel its tasks,
and `asyncio.wait` give back what is done, in another order in each run. Numbered in the order of their
creation, sets of them are walked alike.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from contextvars import Context
from functools import lru_cache
from typing import Any

_FOREIGN = 1_000_000


class _Numbered:
    """The mixin: its hash counts from 1 in each run, in the order of who is hashed first."""

    _number: int

    def __hash__(self) -> int:
        try:
            return self._number
        except AttributeError:
            self._number: int = self.get_loop().next_number()  # type: ignore[attr-defined]  # the class's own
            return self._number


class SimulatedTask(_Numbered, asyncio.Task[Any]):
    """A task that asyncio would make. It is hashed, so numbered, when it is created."""


class SimulatedFuture(_Numbered, asyncio.Future[Any]):
    """A future that asyncio would make."""


class TaskMaker(asyncio.BaseEventLoop):
    """The part of the loop that makes tasks and futures. ``tasks`` are all that were created."""

    task_class = SimulatedTask
    """For whoever makes tasks without ``create_task``."""
    _check_closed: Callable[[], None]
    _task_factory: Callable[..., Any] | None

    def __init__(self) -> None:
        super().__init__()
        self.tasks: list[asyncio.Task[Any]] = []
        self._numbers = itertools.count(1)
        self._foreign: dict[int, int] = {}

    def create_future(self) -> asyncio.Future[Any]:
        """As asyncio's; see `SimulatedFuture`."""
        return SimulatedFuture(loop=self)

    def create_task(
        self, coro: Any, *, name: object = None, context: Context | None = None
    ) -> asyncio.Task[Any]:
        """As asyncio's; see `SimulatedTask`. Unnamed tasks are numbered from 1 in each run."""
        self._check_closed()
        called = f"Task-{len(self.tasks) + 1}" if name is None else str(name)
        task: asyncio.Task[Any]
        if self._task_factory is None:
            task = SimulatedTask(coro, loop=self, name=called, context=context)
        else:
            more = {} if context is None else {"context": context}
            task = self._task_factory(self, coro, **more)
            if name is not None or task.get_name().startswith("Task-"):
                task.set_name(called)
            task = numbered(task)
        self.tasks.append(task)
        return task

    def next_number(self) -> int:
        """For tasks and futures."""
        return next(self._numbers)

    def number_of(self, task: asyncio.Task[Any]) -> int:
        """A task's number, from 1."""
        if isinstance(task, SimulatedTask) or hasattr(task, "_number"):
            return hash(task)
        return self._foreign.setdefault(id(task), _FOREIGN + len(self._foreign))


def numbered(task: asyncio.Task[Any]) -> asyncio.Task[Any]:
    """The same task, numbered. One of asyncio's own class, made by somebody's factory, stays as it is."""
    kind = type(task)
    if kind is not asyncio.Task and not issubclass(kind, _Numbered):
        task.__class__ = _numbered_class(kind)
        hash(task)
    return task


@lru_cache(maxsize=64)
def _numbered_class(kind: type[asyncio.Task[Any]]) -> type[asyncio.Task[Any]]:
    return type(kind.__name__, (kind,), {"__hash__": _Numbered.__hash__, "__module__": kind.__module__})
