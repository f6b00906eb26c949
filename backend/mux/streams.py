"""The streams: what goes into each, how much it keeps, and the groups that work on it.

============== ==================================== ============== ==========================
stream         events                               entries kept   groups
============== ==================================== ============== ==========================
events/v1      all                                  16,384         store
graph_stream/v1 NODE_*, EDGE_*, GRAPH_* (node.add …) 4,096          graph
tasks/v1       TASK_* (task.complete …)             4,096          workers
planner_log/v1 PLAN_*, PLANNER_*, STEP_*            4,096          audit
============== ==================================== ============== ==========================

Gateways and debuggers need no group: each reads `EVENTS` for itself. An activation's ``task_spawned`` and the
like are no tasks in the sense of `TASKS`: they are named by event type, those by message type.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

import msgspec
from msgspec import Struct

from backend.errors import UserError
from backend.mux.protocol import Limits

EVENTS: Final = "events/v1"
GRAPH: Final = "graph_stream/v1"
TASKS: Final = "tasks/v1"
PLANNER: Final = "planner_log/v1"
ALL: Final = (EVENTS, GRAPH, TASKS, PLANNER)

LIMITS: Final = {
    EVENTS: Limits(16_384),
    GRAPH: Limits(4_096),
    TASKS: Limits(4_096),
    PLANNER: Limits(4_096),
}
"""How many entries each keeps. At 128 events an entry, `EVENTS` holds two million events of 440 bytes:
0.9 GB at most, which is what a server's ``maxmemory`` has to allow."""

GROUPS: Final = {EVENTS: "store", GRAPH: "graph", TASKS: "workers", PLANNER: "audit"}
"""The group that works on each where no other is named."""

_WORDS: Final = {
    "node": GRAPH,
    "edge": GRAPH,
    "graph": GRAPH,
    "task": TASKS,
    "plan": PLANNER,
    "planner": PLANNER,
    "step": PLANNER,
}
# Most events are of no such kind: a look through a batch's text spares decoding them. Both begin with letters
# that are rare in it: as one expression that begins with a quote they took three times as long.
_words = "|".join(_WORDS).encode()
_MAYBE: Final = (
    re.compile(rb'e_type":\s*"(?i:%b)[_.]' % _words),  # message_type
    re.compile(rb't_type":\s*"(?i:%b)\.' % _words),  # event_type
)


class _Names(Struct, frozen=True):
    event_type: str = ""
    message_type: str | None = None


_names: Final = msgspec.json.Decoder(_Names)


def routed(text: bytes) -> dict[str, list[bytes]]:
    """The lines of a text that go into another stream than `EVENTS` as well, by that stream."""
    found: dict[str, list[bytes]] = {}
    if not any(maybe.search(text) for maybe in _MAYBE):
        return found
    for line in text[:-1].split(b"\n"):
        if any(maybe.search(line) for maybe in _MAYBE) and (stream := stream_of(line)) is not None:
            found.setdefault(stream, []).append(line)
    return found


def stream_of(line: bytes) -> str | None:
    """The stream beside `EVENTS` that an event goes into; None if there is none, or it is no event."""
    try:
        names = _names.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return stream_named(names.event_type, names.message_type)


@lru_cache(1024)
def stream_named(event_type: str, message_type: str | None) -> str | None:
    """The same, of an event with these names."""
    name = event_type if "." in event_type else message_type or ""
    word, *more = re.split(r"[_.]", name, maxsplit=1)
    return _WORDS.get(word.lower()) if more else None


def limits_of(given: Iterable[str] | None) -> Mapping[str, Limits]:
    """The table with what was given of it changed: ``events/v1=20000``.

    Raises:
        UserError: one of them reads otherwise, or names no stream.
    """
    limits = dict(LIMITS)
    for text in given or ():
        stream, _, count = text.partition("=")
        if stream not in ALL or not count.isdecimal() or not int(count):
            raise UserError(
                f"{text!r} keeps nothing: write STREAM=ENTRIES, such as {EVENTS}=20000; "
                f"there are {', '.join(ALL)}"
            )
        limits[stream] = Limits(int(count))
    return limits
