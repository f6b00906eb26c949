"""Counts a tap's events: a sink that reads each batch once, off the path of those who publish."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

import msgspec
from msgspec import Raw, Struct

from backend.events import Payload, encode_payload
from backend.events.vocabulary import ERROR, EVENT_TYPES, HANDLED, PUBLISHED, SYSTEM
from backend.operations.histogram import HANDLER_SECONDS, TURN_SECONDS, Histogram
from backend.operations.labels import OTHER, Labels
from backend.tap import Batch

MOST_COMPONENTS: Final = 64
MOST_KINDS: Final = 4_096
"""Different (type, component, message) that are told apart while counting; nothing of them is a label."""
OPEN_TURNS: Final = 1_024
"""Turns that may be open at once; of the oldest beyond it nobody hears the end."""

_OUTCOMES: Final = frozenset({"ok", "error", "cancelled"})
_GROWTH: Final = {"NODE_ADD": "node.add", "TASK_COMPLETE": "task.complete"}
_MAX_SECONDS: Final = 86_400.0


class _Head(Struct, gc=False):
    event_type: str
    component: str
    message_type: str | None = None
    session_id: str | None = None
    turn: int | None = None
    mono_ns: int | None = None
    data: Raw = Raw(b"{}")


class _Data(Struct, gc=False):
    outcome: Any = None
    duration_us: Any = None
    dropped: Any = None
    interrupted: Any = None
    level: Any = None
    error_type: Any = None
    rule: Any = None
    component: Any = None


_heads_of: Final = msgspec.json.Decoder(_Head).decode_lines
_head_of: Final = msgspec.json.Decoder(_Head).decode
_data_of: Final = msgspec.json.Decoder(_Data).decode
_NOTHING: Final = _Data()


class _Told(Protocol):
    """What is there of an event, decoded or not encoded yet."""

    @property
    def event_type(self) -> str: ...
    @property
    def component(self) -> str: ...
    @property
    def message_type(self) -> str | None: ...
    @property
    def data(self) -> Payload: ...


_Look = Callable[[_Told], None]
_LookAtTurn = Callable[[_Head], None]


class _Kind:
    """One (type, component, message): how many, and what else is of interest in such an event."""

    __slots__ = ("count", "event_type", "look", "turn")

    def __init__(self, event_type: str, look: _Look | None, turn: _LookAtTurn | None) -> None:
        self.event_type = event_type
        self.look = look
        self.turn = turn
        self.count = 0


class _Turn(Struct):
    asked: int
    spoke: bool = False


class Meter:
    """A sink. What it has counted is read under its ``lock``; everything only grows.

    A turn is asked when its words are understood (``COMPLETE_TRANSCRIPT``); it answers with its first
    audio (``TTS_BOT_STARTED_SPEAKING``) and is over with ``AUDIO_OUTPUT_COMPLETE``, or a ``SYSTEM_MESSAGE``
    of level ``error``.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.bytes = 0
        self.unread = 0
        """Events whose line could not be read: counted in no other number."""
        self.errors: dict[str, int] = {}
        self.handled: dict[tuple[str, str], int] = {}
        self.handlers: dict[str, Histogram] = {}
        self.answers = Histogram(TURN_SECONDS)
        self.turns: dict[str, int] = dict.fromkeys(("answered", "interrupted", "failed"), 0)
        self.growth: dict[str, int] = dict.fromkeys(_GROWTH.values(), 0)
        self.findings: dict[str, int] = {}
        self.undelivered = 0
        """Messages that found a full mailbox."""
        self.components = Labels(MOST_COMPONENTS)
        self._rules = Labels(MOST_COMPONENTS)
        self._kinds: dict[tuple[str, str, str | None], _Kind] = {}
        self._turns: OrderedDict[tuple[str, int], _Turn] = OrderedDict()
        self._rest: dict[str, _Kind] = {}

    @property
    def events(self) -> dict[str, int]:
        """How many of each event type; those that are none of ours are ``other``."""
        found = dict.fromkeys(EVENT_TYPES, 0) | {OTHER: 0}
        for kind in (*self._kinds.values(), *self._rest.values()):
            found[kind.event_type if kind.event_type in found else OTHER] += kind.count
        return found

    # --- as a sink --------------------------------------------------------------------

    def write(self, batch: Batch) -> None:
        """Count a batch."""
        with self.lock:
            self.bytes += len(batch.jsonl)
            if batch.at_hand:  # a third of what decoding takes
                self._count(batch.at_hand, lambda place: self._readable(batch.lines[place : place + 1]))
                return
            try:
                heads = _heads_of(batch.jsonl)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                heads = self._readable(batch.lines)
            self._count(heads, lambda place: heads[place : place + 1])

    def close(self) -> None:
        """Nothing is held."""

    def _readable(self, lines: Sequence[bytes]) -> list[_Head]:
        found = []
        for line in lines:
            try:
                found.append(_head_of(line))
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                self.unread += 1
        return found

    def _count(self, events: Sequence[_Told], heads_at: Callable[[int], list[_Head]]) -> None:
        kinds = self._kinds
        for place, event in enumerate(events):
            try:
                kind = kinds.get((event.event_type, event.component, event.message_type))
            except TypeError:  # a name that is no name: whoever emits may give anything
                self.unread += 1
                continue
            if kind is None:
                kind = self._meet(event)
            kind.count += 1
            if kind.look is not None:
                kind.look(event)
            elif kind.turn is not None:
                for head in heads_at(place):
                    kind.turn(head)

    def _meet(self, event: _Told) -> _Kind:
        """What is counted for an event that is the first of its kind, or of too many kinds."""
        look, turn = self._look_at(event), self._turn_at(event)
        if len(self._kinds) < MOST_KINDS:
            kind = _Kind(event.event_type, look, turn)
            self._kinds[event.event_type, event.component, event.message_type] = kind
            return kind
        known = event.event_type if event.event_type in EVENT_TYPES else OTHER
        kind = self._rest.setdefault(known, _Kind(known, None, None))
        kind.look, kind.turn = look, turn  # for this event
        return kind

    def _turn_at(self, event: _Told) -> _LookAtTurn | None:
        if event.event_type != PUBLISHED:
            return None
        return {
            "COMPLETE_TRANSCRIPT": self._asked,
            "TTS_BOT_STARTED_SPEAKING": self._spoke,
            "AUDIO_OUTPUT_COMPLETE": self._over,
            "SYSTEM_MESSAGE": self._told,
        }.get(event.message_type or "")

    def _look_at(self, event: _Told) -> _Look | None:
        if event.event_type == SYSTEM:
            return self._system if event.message_type in {*_GROWTH, "FINDING"} else None
        return {HANDLED: self._handled, ERROR: self._error}.get(event.event_type)

    # --- what is of interest --------------------------------------------------------------

    def _handled(self, head: _Told) -> None:
        data = _read(head.data)
        label = self.components.of(head.component)
        outcome = data.outcome if isinstance(data.outcome, str) and data.outcome in _OUTCOMES else OTHER
        if data.dropped is True:
            outcome = "dropped"
        self.handled[label, outcome] = self.handled.get((label, outcome), 0) + 1
        took = data.duration_us
        if isinstance(took, (int, float)) and 0 <= took <= _MAX_SECONDS * 1e6:
            histogram = self.handlers.get(label)
            if histogram is None:
                histogram = self.handlers[label] = Histogram(HANDLER_SECONDS)
            histogram.add(took / 1e6)

    def _error(self, head: _Told) -> None:
        data = _read(head.data)
        failed = data.component if isinstance(data.component, str) else head.component  # as in the store
        label = self.components.of(failed)
        self.errors[label] = self.errors.get(label, 0) + 1
        if data.error_type == "MailboxFull":
            self.undelivered += 1

    def _system(self, head: _Told) -> None:
        grown = _GROWTH.get(head.message_type or "")
        if grown is not None:
            self.growth[grown] += 1
            return
        rule = _read(head.data).rule
        label = self._rules.of(rule) if isinstance(rule, str) else OTHER
        self.findings[label] = self.findings.get(label, 0) + 1

    def _asked(self, head: _Head) -> None:
        if head.session_id is None or head.turn is None or head.mono_ns is None:
            return
        self._turns[head.session_id, head.turn] = _Turn(head.mono_ns)
        if len(self._turns) > OPEN_TURNS:
            self._turns.popitem(last=False)

    def _spoke(self, head: _Head) -> None:
        turn = self._turns.get((head.session_id or "", head.turn or 0))
        if turn is None or turn.spoke or head.mono_ns is None:
            return
        turn.spoke = True
        self.answers.add(max(0.0, (head.mono_ns - turn.asked) / 1e9))

    def _over(self, head: _Head) -> None:
        self._end(head, "interrupted" if _read(head.data).interrupted is True else "answered")

    def _told(self, head: _Head) -> None:
        if _read(head.data).level == "error":
            self._end(head, "failed")

    def _end(self, head: _Head, how: str) -> None:
        if self._turns.pop((head.session_id or "", head.turn or 0), None) is not None:
            self.turns[how] += 1


def _read(data: Payload) -> _Data:
    try:
        return _data_of(data if isinstance(data, Raw) else encode_payload(data))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _NOTHING
