"""Deliveries that are held by themselves, while others go past them."""

from __future__ import annotations

from collections.abc import Container, Iterable
from itertools import count
from typing import TYPE_CHECKING

from backend.bus.deliveries import Key, Waiting

if TYPE_CHECKING:
    from backend.bus.port import Port

_NONE: frozenset[str] = frozenset()


class Aside:
    """By port, since a mailbox that takes looks past all of its own: thousands of them, perhaps."""

    def __init__(self) -> None:
        self.by_port: dict[Port, set[str]] = {}
        """None but ports of which some are held; empty if nothing is."""

    def add(self, key: Key) -> None:
        """Hold this one."""
        self.by_port.setdefault(key.port, set()).add(key.publish_id)

    def discard(self, key: Key) -> None:
        """Hold it no more."""
        here = self.by_port.get(key.port)
        if here is not None:
            here.discard(key.publish_id)
            if not here:
                del self.by_port[key.port]

    def forget(self, ports: Iterable[Port]) -> None:
        """Hold nothing of these any more."""
        for port in ports:
            self.by_port.pop(port, None)

    def of(self, port: Port) -> Container[str]:
        """What is held of a port, by the ids of the publications."""
        return self.by_port.get(port, _NONE)

    def waiting(self) -> list[Waiting]:
        """All of them, in the order of publication; what a full mailbox gave up, and told, is forgotten."""
        found: list[Waiting] = []
        for port, ids in tuple(self.by_port.items()):
            there = [
                Waiting(Key(one.publish_id, port), one, place)
                for place, one in zip(count(), port.mailbox, strict=False)
                if one.publish_id in ids
            ]
            found += there
            if len(there) < len(ids):
                ids.intersection_update(one.key.publish_id for one in there)
                if not ids:
                    del self.by_port[port]
        return sorted(found, key=lambda one: one.envelope.number)

    def __contains__(self, key: Key) -> bool:
        return key.publish_id in self.by_port.get(key.port, _NONE)
