"""Tasks and futures whose hash is a number.

Python walks a set by hash, and an object's hash is its address: `asyncio.TaskGroup` would cancel its tasks,
and `asyncio.wait` give back what is done, in another order in each run. Numbered in the order of their
creation, sets of them are walked alike.
"""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import Any


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
