"""What is typed for live control: a condition to break on, a message, a delay, a pace."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import msgspec
from msgspec import Raw

from backend.wire.control import Break, Delay, Inject, Pace, Then
from backend.wire.query.nodes import Node
from debugger.log import EventLog
from debugger.log.query.times import span
from debugger.log.query.tree import NotJudgedError, check_judged
from debugger.tui import units
from debugger.tui.control.model import Control
from debugger.tui.control.view import seconds_text
from debugger.tui.query_line.purpose import Asking, EntryError, query_of
from debugger.tui.session import Session

SLOWEST, FASTEST = 0.1, 10.0
LONGEST_DELAY: Final = 3600
"""Seconds."""

_NS: Final = 1_000_000_000
_PUBLISHED: Final = frozenset({"message_published", "message_received", "message_handled"})
_WORD: Final = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[^\s{}"]+)')
_PLACES: Final = ("from", "in", "turn")
_PLAIN: Final = re.compile(r'[^\s{}"\\]+')
_USAGE: Final = 'MESSAGE from COMPONENT in SESSION {"key": "value"}'


def condition_of(text: str) -> Node:
    """What was typed as a condition that a backend can judge.

    Raises:
        EntryError: it is none, or only a log could answer it.
    """
    query = query_of(text)
    if query.node is None:
        raise EntryError("a condition is needed, such as message:CHUNK_RESPONSE")
    try:
        check_judged(query.node)
    except NotJudgedError as error:
        found = re.search(rf"(?<![\w.]){re.escape(error.field)}(?![\w.])", text, re.IGNORECASE)
        raise EntryError(str(error), found.start() if found else None) from None
    return query.node


class Breaking(Asking):
    """Sets a break, or changes the one called ``name``."""

    queries = True
    enter = "break"
    placeholder = "message:CHUNK_RESPONSE turn = 2 · component:overseer state.state:THINKING · data.index > 3"

    def __init__(self, control: Control, then: Then, name: str = "") -> None:
        self._control = control
        self._then: Then = then
        self._name = name
        self.key = "W" if then == "pause" else "Q"
        self.name = "pause the bus where" if then == "pause" else "hold what is about"

    def look(self, session: Session, text: str) -> str:
        """Only read it."""
        del session
        if not query_of(text).passes_all:
            condition_of(text)
        return ""

    def keep(self, session: Session, text: str) -> None:
        """Set it."""
        del session
        node, text = condition_of(text), text.strip()
        name = self._name or self._control.free_name()
        does = "pauses the bus" if self._then == "pause" else "is held"
        request = Break(name, node, text[:2000], then=self._then)
        self._control.ask(request, f"from now on {text} {does}")


class Injecting(Asking):
    """Publishes a message; begins with the one at the cursor."""

    key = "i"
    name = "inject"
    enter = "publish"
    placeholder = _USAGE

    def __init__(self, control: Control) -> None:
        self._control = control

    def begin(self, session: Session) -> str:
        """The cursor's message, to be changed."""
        return _as_typed(session.log, session.cursor)

    def look(self, session: Session, text: str) -> str:
        """Only read it."""
        if not text.strip():
            return "the backend checks what its message type needs"
        return _told(_inject(session, text))

    def keep(self, session: Session, text: str) -> None:
        """Publish it."""
        inject = _inject(session, text)
        self._control.ask(inject, f"injected {inject.message_type}")


class Delaying(Asking):
    """Has what goes to a component come later."""

    key = "a"
    name = "delay"
    placeholder = "tts_orchestrator 300ms; 0 takes the delay away"
    enter = "delay"

    def __init__(self, control: Control, component: str = "") -> None:
        self._control = control
        self._component = component

    def begin(self, session: Session) -> str:
        """The component that was chosen, with its delay if it has one."""
        component = self._component or session.component or ""
        if not component:
            return ""
        known = self._control.state.delays.get(component)
        return f"{_quoted(component)} {'' if known is None else seconds_text(known)}"

    def look(self, session: Session, text: str) -> str:
        """Only read it."""
        del session
        if not text.strip():
            return ""
        delay = _delay(text)
        return f"to {delay.component} without a delay" if not delay.seconds else ""

    def keep(self, session: Session, text: str) -> None:
        """Delay it."""
        del session
        delay = _delay(text)
        told = "is no longer delayed" if not delay.seconds else f"comes {seconds_text(delay.seconds)} later"
        self._control.ask(delay, f"what goes to {delay.component} {told}")


class Pacing(Asking):
    """Changes how fast the voice plays."""

    key = "p"
    name = "pace of the voice"
    placeholder = f"1 as it was recorded; {SLOWEST:g} to {FASTEST:g}"
    enter = "play so"

    def __init__(self, control: Control) -> None:
        self._control = control

    def begin(self, session: Session) -> str:
        """As it is."""
        del session
        return f"{self._control.state.pace:g}"

    def look(self, session: Session, text: str) -> str:
        """Only read it."""
        del session
        if text.strip():
            _pace(text)
        return ""

    def keep(self, session: Session, text: str) -> None:
        """Play so."""
        del session
        pace = _pace(text)
        self._control.ask(Pace(pace), f"the voice plays {units.speed(pace)}")


# --- reading what was typed --------------------------------------------------------------


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


def _inject(session: Session, text: str) -> Inject:
    """Words in pairs behind the message, then the payload."""
    words, rest, at = _words(text)
    if not words:
        raise EntryError(f"a message is needed: {_USAGE}", 0)
    message, *pairs = words
    given: dict[str, str] = {}
    for place, value in zip(pairs[::2], [*pairs[1::2], None], strict=False):
        if place not in _PLACES or value is None or place in given:
            raise EntryError(f"not understood from {place!r} on: {_USAGE}")
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


def _told(inject: Inject) -> str:
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


def _as_typed(log: EventLog, row: int) -> str:
    """The message of an event, as it would be typed to be published again; empty if there is none."""
    if row < 0:
        return ""
    event = log.event(row)
    message = event.get("message_type")
    if event.get("event_type") not in _PUBLISHED or not isinstance(message, str):
        return ""
    published = event.get("event_type") == "message_published"
    component = event.get("component") if published else _publisher(log, message)
    parts = [_quoted(message)]
    if component:
        parts += ["from", _quoted(str(component))]
    if isinstance(event.get("session_id"), str):
        parts += ["in", _quoted(event["session_id"])]
    data = event.get("data") if event.get("event_type") != "message_handled" else None
    return " ".join((*parts, msgspec.json.encode(data or {}).decode()))


def _quoted(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else msgspec.json.encode(name).decode()


def _delay(text: str) -> Delay:
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


def _pace(text: str) -> float:
    try:
        pace = float(text.strip().rstrip("x×"))  # noqa: RUF001 - the sign that the pane shows
    except ValueError:
        pace = 0.0
    if not SLOWEST <= pace <= FASTEST:
        raise EntryError(f"a pace is a number from {SLOWEST:g} to {FASTEST:g}; 1 as it was recorded")
    return pace
