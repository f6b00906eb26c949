"""What of a payload and of a state two runs of the same program should agree on.

A run has its own ids, times and texts; they are not compared. What is:

- of a payload, the fields of `PAYLOAD`: how something ended, who did it, from which state to which;
- of a state, its words: text that looks like one word (``THINKING``, ``guide``), true and false, and whether
  a field is null. Text with a blank or a digit in it is a name or a sentence of this run: only that it is
  there counts, and whether it is empty. Fields whose name says that they are an id, a time or a text are left
  out altogether, but for those of `NAMED`;
- of a state, its whole numbers, as the lesser difference that they are, but for sizes in bytes and
  characters. Fractions are measurements and are left out.

A key with a digit in it is an id: its place counts, not its name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

PAYLOAD: Final = (
    "outcome",
    "finish_reason",
    "interrupted",
    "status",
    "dropped",
    "agent_id",
    "config_version",
    "from_agent",
    "to_agent",
    "voice_id",
    "event",
    "from",
    "to",
    "state",
    "error_type",
    "recovery_action",
    "kind",
    "route",
    "hit",
)
PLACE: Final = ("index", "chunk_index", "audio_index", "next_index", "is_final")
"""Fields that say which of many a message is. They align equal messages and are not compared."""

NAMED: Final = frozenset({"agent_id", "voice_id", "model_id"})

_DEPTH: Final = 6
_FIELDS: Final = 400  # of one state
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z_.:-]{0,63}")
_VOLATILE: Final = re.compile(
    r"(^|_)(ids?|uuid|at|ns|us|ms|s|sec|seconds|time|times|timestamp|date|duration|elapsed|latency|bytes"
    r"|characters|chars|pid|port|host|url|path|file|text|texts|words|transcript|prompt|content|username|address"
    r"|hash|digest|token|secret|key|schema)$",
    re.IGNORECASE,
)
_BROKEN: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

Payload: Final = msgspec.defstruct(
    "Payload",
    [(f"f{number}", Any, None) for number in range(len(PAYLOAD + PLACE))],
    rename={f"f{number}": name for number, name in enumerate(PAYLOAD + PLACE)},
    frozen=True,
    gc=False,
)


class _Line(Struct, gc=False):
    data: Payload = Payload()  # type: ignore[valid-type] # made above, of a list of names
    component_state: Raw = Raw(b"")


_decode: Final = msgspec.json.Decoder(_Line).decode
_values: Final = msgspec.structs.astuple
_COMPARED: Final = len(PAYLOAD)
_KEPT: Final = 1 << 15


class Marks:
    """Hashes of what matters of lines. One is made for each comparison; it remembers states it has seen."""

    def __init__(self) -> None:
        self._states: dict[bytes, tuple[int, int]] = {b"": (0, 0), b"{}": (0, 0)}

    def of(self, line: bytes) -> tuple[int, int, int, int]:
        """Of the payload, of the payload and which of many it is, of the state's words, of its numbers.

        Raises:
            ValueError: it cannot be read.
        """
        try:
            found = _decode(line)
        except _BROKEN:
            raise ValueError from None
        values = _values(found.data)
        try:
            payload, place = hash(values[:_COMPARED]), hash(values)
        except TypeError:  # a list or an object among them
            payload, place = hash(repr(values[:_COMPARED])), hash(repr(values))
        raw = bytes(found.component_state)
        state = self._states.get(raw)
        if state is None:
            state = self._state(raw)
        return payload, place, *state

    def _state(self, raw: bytes) -> tuple[int, int]:
        try:
            value = msgspec.json.decode(raw)
        except _BROKEN:
            value = None
        words: list[tuple[str, Any]] = []
        numbers: list[tuple[str, Any]] = []
        for path, leaf in leaves(value):
            (numbers if is_number(leaf) else words).append((path, leaf))
        found = hash(tuple(words)), hash(tuple(numbers))
        if len(self._states) >= _KEPT:
            self._states.clear()
            self._states |= {b"": (0, 0), b"{}": (0, 0)}
        self._states[raw] = found
        return found


def payload_of(event: dict[str, Any]) -> dict[str, Any]:
    """What matters of a whole event's payload."""
    data = event.get("data")
    if not isinstance(data, dict):
        return {}
    return {name: _finite(data[name]) for name in PAYLOAD if data.get(name) is not None}


def _finite(value: Any) -> Any:
    """A value that JSON has, too."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def state_of(event: dict[str, Any]) -> dict[str, Any]:
    """What is compared of a whole event's snapshot."""
    return dict(leaves(event.get("component_state")))


def leaves(state: Any) -> Iterator[tuple[str, Any]]:
    """The compared leaves of a snapshot, with their paths, in the order of their names."""
    if not isinstance(state, dict):
        return
    waiting: list[tuple[str, Any, int]] = [("", state, 0)]
    given = 0
    while waiting and given < _FIELDS:
        path, value, depth = waiting.pop()
        if isinstance(value, dict):
            if depth < _DEPTH:
                waiting += reversed(_members(path, value, depth + 1))
        elif isinstance(value, list):
            given += 1
            yield f"{path}.#" if path else "#", len(value)
        elif isinstance(value, str):
            given += 1
            yield path, value if _WORD.fullmatch(value) else "…" if value else ""
        elif not isinstance(value, float):
            given += 1
            yield path, value


def _members(path: str, value: dict[str, Any], depth: int) -> list[tuple[str, Any, int]]:
    members = []
    ids = 0
    for name in sorted(value):
        is_id = _is_id(name)
        if is_id is None:
            continue
        ids += is_id
        shown = f"[{ids}]" if is_id else name
        members.append((f"{path}.{shown}" if path else shown, value[name], depth))
    return members


@lru_cache(4096)
def _is_id(name: str) -> bool | None:
    """Whether a key is an id; None if it is not compared."""
    if name not in NAMED and _VOLATILE.search(name[:64]):
        return None
    return any(char.isdigit() for char in name[:64])


def is_number(leaf: Any) -> bool:
    """Whether a leaf is one of the lesser kind."""
    return isinstance(leaf, int) and not isinstance(leaf, bool)
