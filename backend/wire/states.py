"""The latest snapshot of each component and session, for whoever comes when its event is gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec
from msgspec import Raw, Struct

from backend.events import EMPTY
from backend.events.vocabulary import STATE_READ

MOST_STATES: Final = 1024
"""Components and sessions of which a snapshot is kept; those that changed last."""

MOST_BYTES: Final = 4 << 20
"""Of snapshots whose events are out of the ring; and about what may wait to be cut out of its batches."""

Key = tuple[str, str | None]
"""Component and session: whose snapshot it is."""


class Text(Protocol):
    """Lines of which one holds the snapshot."""

    jsonl: bytes

    def line(self, index: int) -> bytes:
        """One of them, without its newline."""


class Kept(Struct, gc=False):
    """One event with a snapshot: the batch it is in, or, once that is to go, the event itself."""

    at: Text | bytes
    index: int

    @property
    def line(self) -> bytes:
        """The event as it was recorded."""
        return self.at if isinstance(self.at, bytes) else self.at.line(self.index)

    def cut(self) -> int:
        """Hold the event alone, and not the batch that it came in; how many bytes that is."""
        self.at = self.line
        return len(self.at)


class States:
    """Snapshots as of two moments: ``now``, after the latest event, and ``before`` the oldest one held."""

    def __init__(self, most: int = MOST_STATES, most_bytes: int = MOST_BYTES) -> None:
        self.now: dict[Key, Kept] = {}
        self.before: dict[Key, Kept] = {}
        self.omitted = 0
        self._most = most
        self._most_bytes = most_bytes
        self._uncut = 0

    def came(self, at: Text, found: Mapping[Key, int]) -> dict[Key, Kept]:
        """A batch came, with these snapshots; what to tell `went` when it goes."""
        now = self.now
        kept = {key: Kept(at, index) for key, index in found.items()}
        for key, one in kept.items():
            now.pop(key, None)  # the one that changed last stands last
            now[key] = one
        while len(now) > self._most:
            self._forget(next(iter(now)))
        return kept

    def went(self, kept: Mapping[Key, Kept], size: int) -> None:
        """The oldest batch goes, which held these snapshots and was of this size."""
        now, before = self.now, self.before
        for key, one in kept.items():
            if key in now:  # else it was forgotten
                before.pop(key, None)
                before[key] = one
        self._uncut += size
        if self._uncut > self._most_bytes:
            self._cut()

    def _cut(self) -> None:
        """Now and then: what changes often was replaced meanwhile, and costs no cutting."""
        self._uncut = 0
        held = sum(one.cut() for one in self.before.values())
        while held > self._most_bytes:
            key, one = next(iter(self.before.items()))
            held -= one.cut()
            self._forget(key)

    def _forget(self, key: Key) -> None:
        self.omitted += 1
        self.before.pop(key, None)
        self.now.pop(key, None)


# --- where they are in a batch ---------------------------------------------------------


class _Told(Protocol):
    """An event, or as the tap has it before it is encoded (`backend.tap.stamped`)."""

    event_type: str
    component: str
    session_id: Any
    component_state: Any


class _Head(Struct, gc=False):
    event_type: str = ""
    component: str = ""
    session_id: str | None = None
    component_state: Raw = EMPTY


_NAME: Final = b'"component_state"'
_NOTHING: Final = b'"component_state":{}'
_heads = msgspec.json.Decoder(_Head)


def states_in(events: Sequence[_Told]) -> dict[Key, int]:
    """The last snapshot of each component and session, by index; of events that are at hand."""
    empty, read = EMPTY, STATE_READ
    # What all events of a scope share is one object: told apart without being looked into. This line is
    # nearly all that a late client costs a program that none comes to: 0.1 us an event.
    found = {
        (event.component, id(event.session_id)): index
        for index, event in enumerate(events)
        if (state := event.component_state) is not empty and state != empty and event.event_type != read
    }
    told: dict[Key, int] = {}
    for (component, _), index in found.items():
        key = component, _session_of(events[index].session_id)
        told[key] = max(index, told.get(key, 0))
    return told


_sessions: dict[int, tuple[Raw, str | None]] = {}
_MOST_SESSIONS: Final = 512


def _session_of(members: Raw | str | None) -> str | None:
    """The session itself; of members of an object, from the first one's value on, that one."""
    if not isinstance(members, Raw):
        return members
    known = _sessions.get(id(members))
    if known is not None and known[0] is members:
        return known[1]
    session: str | None = _heads.decode(b'{"session_id":' + bytes(members) + b"}").session_id
    if len(_sessions) >= _MOST_SESSIONS:
        _sessions.clear()
    _sessions[id(members)] = members, session
    return session


def states_in_lines(jsonl: bytes) -> dict[Key, int]:
    """As `states_in`, of lines: five times the work, if there are any. Lines of odd types have none."""
    if jsonl.count(_NOTHING) == jsonl.count(_NAME):
        return {}
    try:
        heads = _heads.decode_lines(jsonl)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        heads = [_head_of(line) for line in jsonl[:-1].split(b"\n")]
    return {
        (head.component, head.session_id): index
        for index, head in enumerate(heads)
        if head.event_type != STATE_READ and _holds(head.component_state)
    }


def _head_of(line: bytes) -> _Head:
    try:
        return _heads.decode(line)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return _Head()


def _holds(state: Raw) -> bool:
    """Whether there is anything in it. Written by others, nothing may look as ``null``, or have spaces."""
    return state != EMPTY and bytes(state).strip(b"{} \t\r\n") not in {b"", b"null"}
