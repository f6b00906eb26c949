"""Who is in the graph, and whether messages go over a bus or straight to whom they are for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import numpy as np

from backend.events.vocabulary import PUBLISHED, RECORDING_STARTED
from debugger.log import SYNTHETIC, EventLog
from debugger.log.topology import Edge
from debugger.tui.graph.layers import Way
from debugger.tui.graph.shapes import HUB

BUS: Final = "message_bus"
VOICE: Final = (
    "user_session",
    "overseer",
    "agent_context",
    "database_memory",
    "llm_orchestrator",
    "audio_output",
    "tts_orchestrator",
    "text_queue_manager",
)
"""The components of a voice assistant, which have natural places. Those of them that are there come first."""

_SMALL_LOG: Final = 20_000  # rows; looking through its topology costs nothing
_EVERY_NS: Final = 1_000_000_000
_RELATIVE: Final = 50  # at most a fiftieth of the time goes into looking who is there
_PIECE: Final = 1 << 15
_FEWEST_SPOKES: Final = 4


class Cast(NamedTuple):
    """Components in the graph (``names``) and those that have to do with nothing (``aside``), raw.

    ``bus`` is what to call the hub, ``by_bus`` whether there is one. ``ways`` counts deliveries by who
    sent to whom, ``sole`` is who alone publishes a message type. ``by_cause``: nobody tells what it
    receives, so the ways are those from an event to what it caused. ``unheard``: the log tells of no bus
    and of no delivery, so `Links` are to be looked for.
    """

    names: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()
    bus: str = BUS
    by_bus: bool = True
    ways: Mapping[Way, int] = {}
    sole: Mapping[str, str] = {}
    by_cause: bool = False
    unheard: bool = False


class Casting:
    """The cast of a log that grows: looked at anew when somebody comes, else about once a second.

    ``version`` counts how often it was.
    """

    def __init__(self, log: EventLog, clock: Callable[[], int]) -> None:
        self._log = log
        self._clock = clock
        self._links = Links(log)
        self._cast = Cast()
        self._seen = (-1, -1, "")
        self._next_ns = 0
        self.version = 0

    def cast(self) -> Cast:
        """As of now, or of a second ago."""
        topology, rows, now = self._log.topology, len(self._log), self._clock()
        seen = (rows, len(topology.components), topology.bus or "")
        quick = rows < _SMALL_LOG or now >= self._next_ns
        if seen != self._seen and (quick or seen[1:] != self._seen[1:]):
            self._seen = seen
            self._cast = cast_of(self._log, self._links)
            self.version += 1
            after = self._clock()
            self._next_ns = after + max(_EVERY_NS, _RELATIVE * (after - now))
        return self._cast

    def extend(self, budget_ns: int) -> None:
        """Where nobody receives anything, find out who causes what, for about so long."""
        if self._cast.unheard and self._links.extend(self._clock, budget_ns):
            self._seen = (-1, -1, "")


class Links:
    """How often an event of one component caused one of another, and who publishes anything.

    A cause that comes late is not counted. That a recording began is not what the rest is about.
    """

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._scanned = 0
        self._counts: Counter[int] = Counter()
        self._publishers: set[int] = set()

    @property
    def ways(self) -> dict[Way, int]:
        """By who caused whose."""
        name = self._log.interner("component").name
        return {(name(key >> 32), name(key & 0xFFFF_FFFF)): count for key, count in self._counts.items()}

    @property
    def publishers(self) -> set[str]:
        """Who publishes messages."""
        return set(map(self._log.interner("component").name, self._publishers))

    def extend(self, clock: Callable[[], int], budget_ns: int) -> bool:
        """Look at new rows, for about so long; whether that found a new way, or somebody who publishes."""
        log, until = self._log, clock() + budget_ns
        before = len(self._counts) + len(self._publishers)
        rows = len(log)
        components, causes = log.column("component"), log.column("cause_row")
        messages, begun = log.column("message_type"), log.id_of("message_type", RECORDING_STARTED)
        kinds, published = log.column("event_type"), log.id_of("event_type", PUBLISHED)
        self._scanned = max(self._scanned, log.first_row)
        while self._scanned < rows:
            stop = min(self._scanned + _PIECE, rows)
            cause = causes[self._scanned : stop]
            known = (cause >= 0) & (cause < rows)
            if begun is not None:
                known[known] = messages[cause[known]] != begun
            senders = components[self._scanned : stop][kinds[self._scanned : stop] == published]
            self._publishers.update(np.unique(senders).tolist())
            whose = components[cause[known]].astype(np.int64)
            who = components[self._scanned : stop][known].astype(np.int64)
            keys = (whose << 32 | who)[whose != who]
            numbers, counts = np.unique(keys, return_counts=True)
            for key, count in zip(numbers.tolist(), counts.tolist(), strict=True):
                self._counts[key] += count
            self._scanned = stop
            if clock() >= until:
                break
        return len(self._counts) + len(self._publishers) > before


def cast_of(log: EventLog, links: Links) -> Cast:
    """Everybody, by what the log says of them; `links` count where it tells of no delivery."""
    topology = log.topology
    edges, subscriptions, components = topology.edges, topology.subscriptions, topology.components
    ways: Counter[Way] = Counter()
    for (publisher, _, receiver), count in edges.items():
        if publisher:
            ways[publisher, receiver] += count
    delivered = bool(ways)
    if not delivered:
        ways = Counter(links.ways)
    present = set(components)
    told = topology.bus is not None or BUS in present or bool(subscriptions) or not present.isdisjoint(VOICE)
    star = None if told else _centre(ways)
    alone = not ways and _publishes(log)
    bus = topology.bus or star or BUS
    everybody = [name for name in components if name not in {bus, BUS, SYNTHETIC, HUB}]
    named = {name for way in edges for name in (way[0], way[2])} | {name for way in ways for name in way}
    known = named | set(subscriptions) | set(VOICE) | links.publishers
    known |= set(log.state_components)
    names = order([name for name in everybody if name in known] or everybody)
    inside = set(names)
    return Cast(
        names=names,
        aside=tuple(name for name in everybody if name not in inside),
        bus=bus,
        by_bus=told or star is not None or alone,
        ways=dict(ways),
        sole=_sole(edges),
        by_cause=bool(ways) and not delivered,
        unheard=not (told or delivered),
    )


def _publishes(log: EventLog) -> bool:
    """Whether there are messages at all, among the first events."""
    kinds = log.column("event_type")[log.first_row :][:_PIECE]
    return bool((kinds == log.id_of("event_type", PUBLISHED)).any())


def order(names: list[str]) -> tuple[str, ...]:
    """Those with natural places first, the others as they came."""
    there = set(names)
    known = [name for name in VOICE if name in there]
    return (*known, *(name for name in names if name not in VOICE))


def _centre(ways: Mapping[Way, int]) -> str | None:
    """The one that everything goes through, where there is such a one."""
    if not ways:
        return None
    names = {name for way in ways for name in way}
    first = next(iter(ways))
    for name in first:
        sends, receives = any(way[0] == name for way in ways), any(way[1] == name for way in ways)
        if sends and receives and len(names) > _FEWEST_SPOKES and all(name in way for way in ways):
            return name
    return None


def _sole(edges: Mapping[Edge, int]) -> dict[str, str]:
    publishers: dict[str, set[str]] = {}
    for publisher, message, _ in edges:
        publishers.setdefault(message, set()).add(publisher)
    return {message: next(iter(some)) for message, some in publishers.items() if len(some) == 1}
