"""How a server is told to stop: once in order, twice at once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from typing import Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class StopSignals:
    """Ctrl-C and SIGTERM. The first calls ``on_first`` and ends `wait`; the second kills the process.

    Made inside a running loop. The second is the system's own doing: it needs no loop that still turns.
    """

    def __init__(self) -> None:
        self.interrupted = False
        """Whether it was Ctrl-C."""
        self.on_first: Callable[[], None] = lambda: None
        self._came = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            self._loop.add_signal_handler(number, self._first, number)

    def _first(self, number: int) -> None:
        self.interrupted = number == signal.SIGINT
        for one in _SIGNALS:
            self._loop.remove_signal_handler(one)
            signal.signal(one, signal.SIG_DFL)
        self._came.set()
        self.on_first()

    async def wait(self) -> None:
        """Until the first one comes."""
        await self._came.wait()
