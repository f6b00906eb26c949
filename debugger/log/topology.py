"""Who is on the bus, who listens to what, and which messages went from whom to whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from debugger.log.distinct import distinct
from debugger.log.interner import Interner, bounded

MOST: Final = 1 << 14
"""With a bound: components that a hello names, subscriptions, and ways of messages, of each so many."""

Edge = tuple[str, str, str]
"""(publisher, message type, receiver). The publisher is empty where the log does not tell it."""

_BITS = 21  # of an interned id within the key of an edge; 2 million components are enough
_MASK = (1 << _BITS) - 1


class Topology:
    """Grows with the log; everything in it may come from a foreign hello, so nothing is trusted.

    `edges` counts receives. A receive that names no cause is put down to the publisher
    of its message type where there is only one. With `bound` only the first `MOST` of everything
    are kept, and ``overfull`` says that there were more.
    """

    def __init__(self, components: Interner, message_types: Interner, *, bound: bool = False) -> None:
        self._most = MOST if bound else None
        self.overfull = False
        self._component_names = components
        self._message_names = message_types
        self._ordered: dict[str, None] = {}
        self._subscriptions: dict[str, dict[str, None]] = {}
        self._subscribed = 0
        self._edges: dict[int, int] = {}
        self._publishers: dict[int, int] = {}
        self._seen: set[int] = set()
        self.bus: str | None = None

    @property
    def components(self) -> tuple[str, ...]:
        """All components, those of the hello first, then in order of appearance."""
        return tuple(self._ordered)

    @property
    def subscriptions(self) -> dict[str, tuple[str, ...]]:
        """Message types by the component that subscribes to them."""
        return {name: tuple(kinds) for name, kinds in tuple(self._subscriptions.items())}

    @property
    def edges(self) -> dict[Edge, int]:
        """Deliveries so far, by who sent what to whom."""
        component, message = self._component_names.name, self._message_names.name
        return {
            (
                component(key >> 2 * _BITS),
                message(key >> _BITS & _MASK),
                component(key & _MASK),
            ): count
            for key, count in tuple(self._edges.items())
        }

    def add_hello(self, topology: Mapping[str, Any]) -> None:
        """Take over what a producer told of itself; what is not as expected is passed over."""
        bus = topology.get("bus")
        if isinstance(bus, str):
            self.bus = bounded(bus)
        for name in _strings(topology.get("components")):
            if self._room(len(self._ordered)):
                self._ordered.setdefault(bounded(name))
        subscriptions = topology.get("subscriptions")
        if isinstance(subscriptions, Mapping):
            for name, kinds in subscriptions.items():
                for kind in _strings(kinds):
                    self.subscribe(str(name), kind)

    def subscribe(self, component: str, message_type: str) -> None:
        """`component` listens to `message_type` from now on."""
        component, message_type = bounded(component), bounded(message_type)
        mine = self._subscriptions.get(component, {})
        if message_type in mine or not self._room(self._subscribed):
            return
        self._ordered.setdefault(component)
        self._subscriptions[component] = mine
        mine[message_type] = None
        self._subscribed += 1

    def unsubscribe(self, component: str, message_type: str) -> None:
        """The reverse; the component stays known."""
        mine = self._subscriptions.get(component := bounded(component), {})
        message_type = bounded(message_type)
        if message_type in mine:
            del mine[message_type]
            self._subscribed -= 1

    def _room(self, count: int) -> bool:
        room = self._most is None or count < self._most
        self.overfull |= not room
        return room

    # --- fed by the log, in interned ids ---------------------------------------

    def saw(self, components: NDArray[np.uint32]) -> None:
        """Components that events name."""
        new = [one for one in distinct(components).tolist() if one not in self._seen]
        for one in new:
            self._seen.add(one)
            self._ordered.setdefault(self._component_names.name(one))

    def published(self, components: NDArray[np.uint32], messages: NDArray[np.uint32]) -> None:
        """Publishes; remembers who publishes a message type, or that several do."""
        for key in distinct(components.astype(np.int64) << _BITS | messages).tolist():
            component, message = key >> _BITS, key & _MASK
            if self._publishers.setdefault(message, component) != component:
                self._publishers[message] = 0

    def delivered(
        self,
        publishers: NDArray[np.uint32],
        messages: NDArray[np.uint32],
        receivers: NDArray[np.uint32],
    ) -> None:
        """Receives whose publish is known."""
        keys = publishers.astype(np.int64) << 2 * _BITS
        keys |= messages.astype(np.int64) << _BITS
        keys |= receivers
        for key, count in zip(*(part.tolist() for part in np.unique(keys, return_counts=True)), strict=True):
            if key in self._edges:
                self._edges[key] += count
            elif self._room(len(self._edges)):
                self._edges[key] = count

    def received(self, messages: NDArray[np.uint32], receivers: NDArray[np.uint32]) -> None:
        """Receives that name no publish."""
        publisher_of = self._publishers.get
        known = [publisher_of(message, 0) for message in messages.tolist()]
        self.delivered(np.array(known, np.uint32), messages, receivers)


def _strings(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list | tuple) else []
