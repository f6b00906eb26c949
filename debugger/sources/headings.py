"""Lines to events without their payloads, at the speed that a whole file needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import fields

from backend.events import Event
from backend.events.vocabulary import EVENT_TYPES, INTERNAL, PUBLISH, SEVERITIES, SUBSCRIBE
from debugger.log.pack import Heading

Decode = Callable[[memoryview], list[Heading]]

_MOST_WORDS: Final = 128
"""Words of a field, above which it has no vocabulary but holds anything."""


class _Passed(Struct, gc=False):
    """An object, whatever is in it."""


class Headings:
    """Decodes whole batches; as `Event` to the last field, so that the same lines are broken.

    Some fields have the same few words in each line. Where those are given as the field's type, msgspec finds
    them in a table and makes no new strings, which then need not be made, hashed and freed: a
    quarter of the time. The words are learned from the lines.
    """

    def __init__(self) -> None:
        self._words: dict[str, dict[str, None]] = {
            "event_type": dict.fromkeys(EVENT_TYPES),
            "direction": dict.fromkeys((PUBLISH, SUBSCRIBE, INTERNAL)),
            "severity": dict.fromkeys(SEVERITIES),
            "component": {},
            "message_type": {},
            "source": {},
        }
        self._any = _decoder({})
        self._known: Decode | None = None

    def decode(self, text: memoryview) -> list[Heading]:
        """The events of whole lines.

        Raises:
            msgspec.DecodeError, UnicodeDecodeError, RecursionError: a line is broken.
        """
        if self._known is not None:
            try:
                return self._known(text)
            except msgspec.ValidationError:
                pass  # a new word, or a broken line
        events = self._any(text)
        self._learn(events)
        return events

    def _learn(self, events: list[Heading]) -> None:
        for name, words in tuple(self._words.items()):
            words.update(dict.fromkeys(getattr(event, name) for event in events))
            words.pop(None, None)  # type: ignore[call-overload] # an event may have none
            if len(words) > _MOST_WORDS:
                del self._words[name]
        self._known = _decoder({name: tuple(words) for name, words in self._words.items()})


def _decoder(words: dict[str, tuple[str, ...]]) -> Decode:
    made: list[tuple[Any, ...]] = []
    for field in fields(Event):
        kind: Any = field.type
        if field.name == "data":
            kind = _Passed | None
        elif words.get(field.name):
            none = type(None) in getattr(kind, "__args__", ())
            kind = Literal[words[field.name]]
            kind = kind | None if none else kind
        made.append((field.name, kind) if field.required else (field.name, kind, field.default))
    heading = msgspec.defstruct("_Heading", made, gc=False)
    decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(heading)
    return decoder.decode_lines
