"""A timeout of the program's own that stands still while its bus is paused."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from backend.bus.bus import Bus


class Patience:
    """As `asyncio.timeout` with the time in seconds that the bus runs. Made by `Bus.patience`.

    Whoever waits for an answer that is held in a mailbox must not give up because somebody looks at it.

    Raises:
        TimeoutError: from the block, when the time is over.
    """

    def __init__(self, seconds: float, bus: Bus) -> None:
        self._left = seconds
        self._bus = bus
        self._timeout = asyncio.timeout(None)

    def stand_still(self) -> None:
        """The bus is paused."""
        due = self._timeout.when()
        if due is not None and not self._timeout.expired():
            self._left = max(due - asyncio.get_running_loop().time(), 0.0)
            self._timeout.reschedule(None)

    def go_on(self) -> None:
        """The bus runs."""
        if self._timeout.when() is None and not self._timeout.expired():
            self._timeout.reschedule(asyncio.get_running_loop().time() + self._left)

    async def __aenter__(self) -> Self:
        await self._timeout.__aenter__()
        self._bus.waits.add(self)
        gate = self._bus.gate
        if gate is None or not gate.paused:
            self.go_on()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bus.waits.discard(self)
        await self._timeout.__aexit__(kind, error, trace)
