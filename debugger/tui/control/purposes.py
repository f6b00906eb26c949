"""What is typed for live control: a condition to break on, a message, a delay, a pace."""

from __future__ import annotations

import re
from collections.abc import Collection

from backend.wire.control import Break, Pace, Then
from backend.wire.query.nodes import Node
from debugger.log.query.tree import OF_THE_LOG, NotJudgedError, check_judged
from debugger.tui import units
from debugger.tui.control.model import Control
from debugger.tui.control.typed import (
    FASTEST,
    SLOWEST,
    USAGE,
    as_typed,
    delay_of,
    inject_of,
    pace_of,
    quoted,
    words_of,
)
from debugger.tui.control.view import seconds_text
from debugger.tui.query_line.purpose import Asking, EntryError, query_of
from debugger.tui.session import Session


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
    without: Collection[str] = OF_THE_LOG
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
    placeholder = USAGE

    def __init__(self, control: Control) -> None:
        self._control = control

    def begin(self, session: Session) -> str:
        """The cursor's message, to be changed."""
        return as_typed(session.log, session.cursor)

    def look(self, session: Session, text: str) -> str:
        """Only read it."""
        if not text.strip():
            return "the backend checks what its message type needs"
        return words_of(inject_of(session, text))

    def keep(self, session: Session, text: str) -> None:
        """Publish it."""
        inject = inject_of(session, text)
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
        return f"{quoted(component)} {'' if known is None else seconds_text(known)}"

    def look(self, session: Session, text: str) -> str:
        """Only read it."""
        del session
        if not text.strip():
            return ""
        delay = delay_of(text)
        return f"to {delay.component} without a delay" if not delay.seconds else ""

    def keep(self, session: Session, text: str) -> None:
        """Delay it."""
        del session
        delay = delay_of(text)
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
            pace_of(text)
        return ""

    def keep(self, session: Session, text: str) -> None:
        """Play so."""
        del session
        pace = pace_of(text)
        self._control.ask(Pace(pace), f"the voice plays {units.speed(pace)}")
