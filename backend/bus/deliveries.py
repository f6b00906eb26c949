"""Deliveries by name: a message on its way to one subscriber, waiting in that one's mailbox."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, NamedTuple

from backend.bus.envelope import Envelope

if TYPE_CHECKING:
    from backend.bus.port import Port

_NAMED_BEFORE = 3


class GateError(ValueError):
    """What was asked for cannot be done. One line, for people."""


class Key(NamedTuple):
    """Which delivery. In text ``{id of the publish event}>{address of the port}``."""

    publish_id: str
    port: Port

    def __str__(self) -> str:
        return f"{self.publish_id}>{self.port.address}"


class Waiting(NamedTuple):
    """A delivery that waits, and at which place of its mailbox."""

    key: Key
    envelope: Envelope
    place: int

    @property
    def ordered(self) -> bool:
        """Whether its mailbox promises an order."""
        return self.key.port.concurrency == 1

    def before(self) -> tuple[str, ...]:
        """The deliveries that come first in an ordered mailbox; the nearest of many."""
        if not self.ordered or not self.place:
            return ()
        port = self.key.port
        earlier = itertools.islice(port.mailbox, max(self.place - _NAMED_BEFORE, 0), self.place)
        return tuple(str(Key(envelope.publish_id, port)) for envelope in earlier)


def waiting_at(ports: Iterable[Port]) -> Iterator[Waiting]:
    """All that wait there, in the order of publication. Lazily: the first few cost little."""
    lines = [_line(number, port) for number, port in enumerate(ports) if len(port.mailbox)]
    return (waiting for _, _, waiting in heapq.merge(*lines))


def _line(number: int, port: Port) -> Iterator[tuple[int, int, Waiting]]:
    for place, envelope in enumerate(port.mailbox):
        yield envelope.number, number, Waiting(Key(envelope.publish_id, port), envelope, place)


def find(delivery: str, ports: Iterable[Port]) -> Waiting:
    """The delivery of that name.

    Raises:
        GateError: it does not wait anywhere.
    """
    publish_id, _, address = delivery.rpartition(">")
    for port in ports:
        if port.address == address and (place := port.mailbox.place_of(publish_id)) is not None:
            envelope = next(itertools.islice(port.mailbox, place, None))
            return Waiting(Key(publish_id, port), envelope, place)
    shown = delivery if delivery.isprintable() else ascii(delivery)
    raise GateError(f"{shown[:80]} does not wait: it was delivered, dropped or lost meanwhile, or never was")


def located(key: Key) -> Waiting | None:
    """Where a delivery waits; None if it does no more."""
    place = key.port.mailbox.place_of(key.publish_id)
    if place is None:
        return None
    return Waiting(key, next(itertools.islice(key.port.mailbox, place, None)), place)


def out_of_order(found: Sequence[Waiting], passed: AbstractSet[Key]) -> bool:
    """Whether to let these go, in this order, is against an ordered mailbox. ``passed``: overtaken before."""
    going: dict[Port, list[int]] = {}
    for waiting in found:
        if waiting.key in passed:
            return True
        if waiting.ordered:
            going.setdefault(waiting.key.port, []).append(waiting.place)
    return any(places != list(range(len(places))) for places in going.values())
