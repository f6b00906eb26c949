"""Takes out of payloads and texts what a `Redaction` names.

The drain does so before it encodes events for its sinks; the publisher's path knows nothing of it.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw

from backend.events import EMPTY, encode_payload
from backend.tap.redaction.builtin import GROUPS, Spans
from backend.tap.redaction.config import Redaction, words_pattern
from backend.tap.redaction.places import KEPT, Place, Places
from backend.tap.stamped import Stamped
from backend.wire.query.regex import compile_spans

UNREADABLE: Final = Raw(b'{"redacted":"[redacted:unreadable]"}')
"""In the place of a payload that cannot be looked into."""

WHOLE: Final = Raw(b'{"redacted":"[redacted:key]"}')
"""In the place of a payload that is named as a whole."""

_SHORTEST: Final = 6
_CLEAN_TEXTS: Final = 8192
_CLEAN_LENGTH: Final = 80
_SAME_PAYLOADS: Final = 512
_SAME_BYTES: Final = 4096

_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Redactor:
    """Redacts in the way of a `Redaction`. Any thread may use it."""

    def __init__(self, redaction: Redaction) -> None:
        self._places = Places(redaction.rules())
        self._data = self._places.root["data"]
        self._state = self._places.root["component_state"]
        self._finders = tuple(_finders(redaction))
        # Of what is built in, nothing is shorter: a@b.cd.
        self._shortest = 1 if redaction.words or redaction.patterns else _SHORTEST
        self._key = secrets.token_bytes(32) if redaction.distinct else None
        self._clean: set[str] = set()
        self._same: dict[bytes, tuple[Raw, int]] = {}
        self._told: dict[bytes, tuple[Raw, int]] = {}
        self._tails: dict[tuple[bytes, int], Raw] = {}
        self._lock = threading.RLock()
        self.fields = 0
        """Fields redacted so far."""

    # --- whole events and objects -----------------------------------------------------------

    def events(self, events: Sequence[Stamped]) -> None:
        """Redact what the tap is about to encode. An event of which something was says how many fields.

        Never raises: what cannot be redacted is left out.
        """
        with self._lock:
            for event in events:
                try:
                    hits = self._event(event)
                except Exception:  # noqa: BLE001 - rather nothing of an event than what must not be told
                    event.data = event.component_state = UNREADABLE
                    hits = 2
                if hits:
                    self.fields += hits
                    event.source = self._tail(event.source, hits)

    def _event(self, event: Stamped) -> int:
        event.data, hits = self._payload(event.data, self._data)
        if event.component_state is not EMPTY:
            event.component_state, more = self._snapshot(event.component_state)
            hits += more
        told = event.session_id
        known = self._told.get(bytes(told)) or self._scope(told)
        if known[1]:
            event.session_id = known[0]
            hits += known[1]
        return hits

    def redacted(self, told: Mapping[str, Any], place: str = "topology") -> dict[str, Any]:
        """An object that is told otherwise than in an event, redacted. Never raises."""
        with self._lock:
            encoded, hits = self._payload(encode_payload(told), self._places.root[place])
            self.fields += hits
            return _decode(encoded)

    def text(self, text: str) -> str:
        """A text, redacted."""
        with self._lock:
            clean, hits = self._text(text)
            self.fields += hits
            return clean

    # --- one payload ---------------------------------------------------------------------------

    def _payload(self, payload: object, place: Place) -> tuple[Raw, int]:
        given = isinstance(payload, Raw)
        raw = payload if isinstance(payload, Raw) else encode_payload(payload)
        if raw == EMPTY or place.label == KEPT:
            return raw, 0
        if place.label is not None:
            return WHOLE, 1
        try:
            value = _decode(raw)
            hits = self._object(value, place)
            # What was given as JSON is encoded anew in any case: of a key twice, only the last was looked at.
            return (Raw(msgspec.json.encode(value)) if hits or given else raw), hits
        except (ValueError, TypeError, RecursionError):  # ValueError: msgspec's, and broken UTF-8
            return UNREADABLE, 1

    def _snapshot(self, state: object) -> tuple[Raw, int]:
        """A component tells the same state again and again."""
        if not isinstance(state, Raw):
            return self._payload(state, self._state)
        key = bytes(state)
        known = self._same.get(key)
        if known is None:
            known = self._payload(state, self._state)
            if len(key) <= _SAME_BYTES:
                if len(self._same) >= _SAME_PAYLOADS:
                    self._same.clear()
                self._same[key] = known
        return known

    def _scope(self, told: Raw) -> tuple[Raw, int]:
        """Of what a scope's events share, only the user: of sessions and correlations causality is made."""
        key = bytes(told)
        fields = msgspec.json.decode(b'{"session_id":' + key + b"}")
        hits = self._object(user := {"user_id": fields.get("user_id")}, self._places.root)
        encoded = msgspec.json.encode(fields | user)
        if len(self._told) >= _SAME_PAYLOADS:
            self._told.clear()
        found = self._told[key] = Raw(encoded[len(b'{"session_id":') : -1]), hits
        return found

    def _tail(self, tail: Raw, hits: int) -> Raw:
        """The members that `Stamped.source` stands for, and how many fields were redacted."""
        key = bytes(tail), hits
        found = self._tails.get(key)
        if found is None:
            if len(self._tails) >= _SAME_PAYLOADS:
                self._tails.clear()
            found = self._tails[key] = Raw(key[0] + b',"redacted":%d' % hits)
        return found

    # --- within ----------------------------------------------------------------------------------

    def _object(self, value: dict[str, Any], place: Place) -> int:
        """Redact an object in place; how many fields were."""
        hits = 0
        clean, shortest = self._clean, self._shortest
        renamed: list[tuple[str, str]] = []
        for key, item in value.items():
            here = place[key]
            kind = type(item)
            if here.label is not None:
                if here.label is not KEPT and item not in _NOTHING:
                    value[key] = self._instead(here.label, item)
                    hits += 1
            elif kind is dict or kind is list or (kind is str and item not in clean):
                value[key], found = self._value(item, here)
                hits += found
            if key not in clean and len(key) >= shortest:
                text, found = self._text(key)
                if found:
                    renamed.append((key, text))
        for key, text in renamed:
            hits += 1
            value[_unused(text, value)] = value.pop(key)
        return hits

    def _value(self, value: Any, place: Place) -> tuple[Any, int]:
        """A value redacted, and how many fields were; items of a list are at the place of the list itself."""
        kind = type(value)
        if kind is str:
            text, found = self._text(value)
            return text, 1 if found else 0
        if kind is dict:
            return value, self._object(value, place)
        if kind is not list:
            return value, 0
        hits = 0
        for index, item in enumerate(value):
            value[index], found = self._value(item, place)
            hits += found
        return value, hits

    def _text(self, text: str) -> tuple[str, int]:
        """A text without what was found in it, and in how many places that was."""
        if text in self._clean or len(text) < self._shortest:
            return text, 0
        spans: list[tuple[int, int, str]] = []
        for label, find in self._finders:
            found = find(text)
            if found:
                spans += [(start, end, label) for start, end in found]
        if not spans:
            if len(text) <= _CLEAN_LENGTH:
                if len(self._clean) >= _CLEAN_TEXTS:
                    self._clean.clear()
                self._clean.add(text)
            return text, 0
        spans.sort(key=lambda span: (span[0], -span[1]))
        parts: list[str] = []
        at = 0
        start, end, label = spans[0]
        for begin, stop, name in (*spans[1:], (len(text) + 1, 0, "")):
            if begin < end:  # one in the other, or over its end: together they are what the first one is
                end = max(end, stop)
                continue
            parts += (text[at:start], self._instead(label, text[start:end]))
            at = end
            start, end, label = begin, stop, name
        return "".join((*parts, text[at:])), len(spans)

    def _instead(self, label: str, value: Any) -> str:
        """What stands in the place of a value."""
        if self._key is None:
            return f"[redacted:{label}]"
        told = value.encode() if type(value) is str else msgspec.json.encode(value, order="sorted")
        digest = hashlib.blake2b(told, key=self._key, digest_size=4).hexdigest()
        return f"[redacted:{label}:{digest}]"


_NOTHING: Final[tuple[Any, ...]] = (None, "", [], {})
"""Values that tell no more than that there is none."""


def _finders(redaction: Redaction) -> list[tuple[str, Spans]]:
    """What is looked for in texts, by label; what the user named comes first."""
    finders: list[tuple[str, Spans]] = []
    words = words_pattern(redaction.words)
    if words is not None:
        finders.append(("word", lambda text: [found.span() for found in words.finditer(text)]))
    finders += [(name, compile_spans(pattern)) for name, pattern in redaction.patterns.items()]
    for name in redaction.builtin:
        find = GROUPS[name].find
        if find is not None:
            finders.append((name, find))
    return finders


def _unused(key: str, value: Mapping[str, Any]) -> str:
    """The key, numbered where there is one of that name."""
    number, name = 1, key
    while name in value:
        number += 1
        name = f"{key} {number}"
    return name
