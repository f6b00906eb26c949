"""A lock and a queue that report themselves."""

from __future__ import annotations

import asyncio
import itertools
from types import TracebackType
from typing import Generic, TypeVar

from backend.events.vocabulary import ITEM_GOT, ITEM_PUT, LOCK_ACQUIRED, LOCK_RELEASED
from backend.tap.tap import Tap

T = TypeVar("T")


class TappedLock:
    """`asyncio.Lock` with a name; taking and leaving it are events of the running activation."""

    def __init__(self, tap: Tap, name: str) -> None:
        self.name = name
        self._tap = tap
        self._lock = asyncio.Lock()

    def locked(self) -> bool:
        """Whether somebody holds it."""
        return self._lock.locked()

    async def acquire(self) -> bool:
        """Wait for the lock and take it."""
        await self._lock.acquire()
        self._tap.emit(LOCK_ACQUIRED, None, None, {"lock": self.name})
        return True

    def release(self) -> None:
        """Leave the lock; recorded before anybody else can take it."""
        if self._lock.locked():  # else release() raises, and there is nothing to record
            self._tap.emit(LOCK_RELEASED, None, None, {"lock": self.name})
        self._lock.release()

    async def __aenter__(self) -> None:
        await self.acquire()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class TappedQueue(asyncio.Queue[T], Generic[T]):
    """`asyncio.Queue` with a name; each item is followed from its put to its get.

    ``item_got`` names its ``item_put`` as the cause.
    """

    def __init__(self, tap: Tap, name: str, maxsize: int = 0) -> None:
        self.name = name
        self._tap = tap
        self._numbers = itertools.count()
        super().__init__(maxsize)

    # asyncio.Queue documents _init, _put and _get as the places to override.
    def _put(self, item: T) -> None:
        number = next(self._numbers)
        data = {"queue": self.name, "item": f"{self.name}:{number}", "size": self.qsize() + 1}
        put = self._tap.emit(ITEM_PUT, None, None, data)
        super()._put((put, number, item))  # type: ignore[arg-type]  # wrapped here, unwrapped in _get

    def _get(self) -> T:
        wrapped: tuple[str, int, T] = super()._get()  # type: ignore[assignment]  # see _put
        put, number, item = wrapped
        data = {"queue": self.name, "item": f"{self.name}:{number}", "size": self.qsize()}
        self._tap.emit(ITEM_GOT, None, None, data, cause=put)
        return item
