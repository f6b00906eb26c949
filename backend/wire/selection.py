"""Which events a subscription asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import Struct

from backend.events import severity_rank
from backend.wire.frames import Subscribe


class Head(Struct, gc=False):
    """The fields of an event that a subscription can choose by."""

    event_type: str
    component: str
    message_type: str | None = None
    session_id: str | None = None
    severity: str = "info"
    timestamp: float = 0.0


_head = msgspec.json.Decoder(Head)
_heads = msgspec.json.Decoder(list[Head])

Selector = Callable[[list[bytes]], list[int]]
"""Of lines, the indexes of those that are kept, in order."""

Times = tuple[float | None, float | None]
"""From when on, and until when (that time excluded), in seconds since the epoch."""

ANY_TIME: Final[Times] = (None, None)


def selector(wanted: Subscribe, times: Times = ANY_TIME) -> Selector | None:
    """A function that chooses the lines that `wanted` asks for; None when that is all of them.

    Types are not looked at when a dialect is asked for: they name the dialect's
    types then, which `dialects.project` knows.
    """
    types = None if wanted.types is None or wanted.dialect != "native" else frozenset(wanted.types)
    components = None if wanted.components is None else frozenset(wanted.components)
    sessions = None if wanted.sessions is None else frozenset(wanted.sessions)
    least = None if wanted.severity is None else severity_rank(wanted.severity)
    from_time, to_time = times
    if all(one is None for one in (types, components, sessions, least, from_time, to_time)):
        return None

    def matches(head: Head) -> bool:
        return (
            (types is None or head.event_type in types or head.message_type in types)
            and (components is None or head.component in components)
            and (sessions is None or head.session_id in sessions)
            and (least is None or severity_rank(head.severity) >= least)
            and (from_time is None or head.timestamp >= from_time)
            and (to_time is None or head.timestamp < to_time)
        )

    def select(lines: list[bytes]) -> list[int]:
        try:
            heads = _heads.decode(b"[" + b",".join(lines) + b"]")
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return [index for index, line in enumerate(lines) if _matches_or_odd(line, matches)]
        return [index for index, head in enumerate(heads) if matches(head)]

    return select


def _matches_or_odd(line: bytes, matches: Callable[[Head], bool]) -> bool:
    """Whether the line matches; one whose fields are of odd types is shown rather than lost."""
    try:
        return matches(_head.decode(line))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return True
