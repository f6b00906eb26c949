"""Words that are typed for live control, read: a message to publish, a delay, a pace; and the reverse."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import msgspec
from msgspec import Raw

from backend.wire.control import Delay, Inject
from debugger.log import EventLog
from debugger.log.query.times import span
from debugger.tui.query_line.purpose import EntryError
from debugger.tui.session import Session

SLOWEST, FASTEST = 0.1, 10.0
LONGEST_DELAY: Final = 3600
"""Seconds."""

_NS: Final = 1_000_000_000
_PUBLISHED: Final = frozenset({"message_published", "message_received", "message_handled"})
_WORD: Final = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[^\s{}"]+)')
_PLACES: Final = ("from", "in", "turn")
_PLAIN: Final = re.compile(r'[^\s{}"\\]+')
USAGE: Final = 'MESSAGE from COMPONENT in SESSION {"key": "value"}'


class _Words(NamedTuple):
    """The words before an object, and what is from there on."""

    words: list[str]
    rest: str
    at: int


def _words(text: str) -> _Words:
    words, at = [], 0
    while (found := _WORD.match(text, at)) is not None:
        word, at = found[1], found.end()
        try:
            words.append(msgspec.json.decode(word, type=str) if word.startswith('"') else word)
        except msgspec.DecodeError:
            raise EntryError("the quotes hold no text", found.start(1)) from None
    rest = text[at:].strip()
    return _Words(words, rest, len(text) - len(text[at:].lstrip()))


def inject_of(session: Session, text: str) -> Inject:
    """The message, words in pairs behind it, then the payload. The session is the cursor's unless named.

    Raises:
        EntryError: something is missing, or not understood.
    """
    words, rest, at = _words(text)
    if not words:
        raise EntryError(f"a message is needed: {USAGE}", 0)
    message, *pairs = words
    given: dict[str, str] = {}
    for place, value in zip(pairs[::2], [*pairs[1::2], None], strict=False):
        if place not in _PLACES or value is None or place in given:
            raise EntryError(f"not understood from {place!r} on: {USAGE}")
        given[place] = value
    component = given.get("from") or _publisher(session.log, message)
    if not component:
        raise EntryError(f"who publishes it? {message} from COMPONENT")
    if rest:
        try:
            msgspec.json.decode(rest, type=dict[str, object])
        except msgspec.DecodeError as error:
            raise EntryError(f"the payload is no JSON object: {error}", at) from None
        except RecursionError:
            raise EntryError("the payload is nested too deeply", at) from None
    turn = given.get("turn")
    if turn is not None and not (turn.isdecimal() and turn.isascii()):
        raise EntryError(f"turn {turn!r} is no number")
    data = Raw((rest or "{}").encode("utf-8", "replace"))
    return Inject(
        message, component, data, given.get("in") or _session(session), None if turn is None else int(turn)
    )


def words_of(inject: Inject) -> str:
    """What will be published, by whom, and where."""
    where = f" in {inject.session_id}" if inject.session_id else " in no session"
    return f"{inject.message_type} from {inject.component}{where}"


def _session(session: Session) -> str | None:
    """The cursor's, if it is of one."""
    if session.cursor < 0:
        return None
    return session.log.name("session", int(session.log.column("session")[session.cursor])) or None


_LOOKED_AT: Final = 20_000


def _publisher(log: EventLog, message: str) -> str:
    """Who published such a message last, among the last events."""
    number, published = log.id_of("message_type", message), log.id_of("event_type", "message_published")
    if number is None or published is None:
        return ""
    start = max(len(log) - _LOOKED_AT, log.first_row)
    kinds, messages = log.column("event_type")[start:], log.column("message_type")[start:]
    rows = ((messages == number) & (kinds == published)).nonzero()[0]
    return "" if not len(rows) else log.name("component", int(log.column("component")[start + rows[-1]]))


def as_typed(log: EventLog, row: int) -> str:
    """The message of an event, as it would be typed to be published again; empty if there is none."""
    if row < 0:
        return ""
    event = log.event(row)
    message = event.get("message_type")
    if event.get("event_type") not in _PUBLISHED or not isinstance(message, str):
        return ""
    published = event.get("event_type") == "message_published"
    component = event.get("component") if published else _publisher(log, message)
    parts = [quoted(message)]
    if component:
        parts += ["from", quoted(str(component))]
    if isinstance(event.get("session_id"), str):
        parts += ["in", quoted(event["session_id"])]
    data = event.get("data") if event.get("event_type") != "message_handled" else None
    return " ".join((*parts, msgspec.json.encode(data or {}).decode()))


def quoted(name: str) -> str:
    """A name as it is typed: in quotes if it has to be."""
    return name if _PLAIN.fullmatch(name) else msgspec.json.encode(name).decode()


def delay_of(text: str) -> Delay:
    """A component, and how much later what goes to it comes.

    Raises:
        EntryError: it is none.
    """
    words, rest, at = _words(text)
    two = 2
    if rest or len(words) != two:
        raise EntryError(
            "a component and a time are needed, such as tts_orchestrator 300ms", at if rest else None
        )
    component, length = words
    ns = 0 if length == "0" else span(length)
    if ns is None or not 0 <= ns <= LONGEST_DELAY * _NS:
        raise EntryError(f"{length!r} is no time to wait: 300ms, 2s, at most an hour; 0 for none")
    return Delay(component, ns / _NS)


def pace_of(text: str) -> float:
    """How fast the voice is to play.

    Raises:
        EntryError: it is none, or none that a voice can have.
    """
    try:
        pace = float(text.strip().rstrip("x×"))  # noqa: RUF001 - the sign that the pane shows
    except ValueError:
        pace = 0.0
    if not SLOWEST <= pace <= FASTEST:
        raise EntryError(f"a pace is a number from {SLOWEST:g} to {FASTEST:g}; 1 as it was recorded")
    return pace
