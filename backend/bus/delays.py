"""Components whose deliveries come later than they would."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from backend.bus.deliveries import Key

if TYPE_CHECKING:
    from backend.bus.port import Port


class Delays:
    """``seconds`` by component. The order of a mailbox stays what it is."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._due: dict[Key, float] = {}
        self._timers: dict[Port, asyncio.TimerHandle] = {}

    def set(self, component: str, seconds: float, ports: Iterable[Port]) -> None:
        """What waits there, too, counts from now; 0 is no delay."""
        if seconds:
            self.seconds[component] = seconds
        else:
            self.seconds.pop(component, None)
        here = set(ports)
        for key in [key for key in self._due if key.port in here]:
            del self._due[key]

    def arrived(self, publish_id: str, port: Port) -> None:
        """A message was put into a mailbox: its time begins."""
        seconds = self.seconds.get(port.component)
        if seconds is not None:
            self._due[Key(publish_id, port)] = asyncio.get_running_loop().time() + seconds

    def keeps(self, key: Key) -> bool:
        """Whether it is too early for this one; its port looks again when that is over."""
        seconds = self.seconds.get(key.port.component)
        if seconds is None:
            return False
        loop = asyncio.get_running_loop()
        due = self._due.setdefault(key, loop.time() + seconds)
        if due <= loop.time():
            return False
        self._stop(key.port)
        self._timers[key.port] = loop.call_at(due, key.port.look)
        return True

    def gone(self, key: Key) -> None:
        """This one waits no more."""
        self._due.pop(key, None)

    def forget(self, port: Port) -> None:
        """A port is gone."""
        self._stop(port)
        for key in [key for key in self._due if key.port is port]:
            del self._due[key]

    def end(self) -> None:
        """Keep nothing any more."""
        for port in tuple(self._timers):
            self._stop(port)
        self.seconds.clear()
        self._due.clear()

    def _stop(self, port: Port) -> None:
        timer = self._timers.pop(port, None)
        if timer is not None:
            timer.cancel()
