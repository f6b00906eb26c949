"""The line itself: it says at once what is wrong where, how many events match, and what could follow."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from debugger.tui.keys import Where, bindings
from debugger.tui.query_line.completing import Cycle, Typed, offers_for, take
from debugger.tui.query_line.hint import QueryHint
from debugger.tui.query_line.purpose import EntryError, Purpose
from debugger.tui.session import Session
from debugger.tui.text import safe_text
from debugger.tui.typed_ahead import TypedLine

KEPT: Final = 100
"""Lines of a kind that are remembered."""

_OFFERED: Final = 20
_QUERIES: Final = "queries"  # one language: what was typed for one purpose is there for the others


class QueryLine(Vertical):
    """Hidden until `begin`; it lies over the panes, so that they need not move."""

    LINES: Final = 4

    BINDINGS = bindings(Where.FILTER)

    class Done(Message):
        """The line is no longer needed."""

    class SaveWanted(Message):
        """A query is to be saved."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Kept(Message):
        """A query was used: these are the last ones, the latest at the end."""

        def __init__(self, queries: tuple[str, ...]) -> None:
            super().__init__()
            self.queries = queries

    def __init__(self, session: Session, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._session = session
        self._purpose: Purpose | None = None
        self._history: dict[str, list[str]] = {}
        self._back = 0
        self._draft = ""
        self._cycle: Cycle | None = None
        self._before: Widget | None = None

    def remember(self, queries: Sequence[str]) -> None:
        """What was typed before, the latest at the end."""
        self._history[_QUERIES] = list(queries)[-KEPT:]

    def compose(self) -> ComposeResult:
        """The text, and the hint under it."""
        yield TypedLine(Where.FILTER)
        yield QueryHint()

    @property
    def purpose(self) -> Purpose | None:
        """What is typed for now."""
        return self._purpose if self.display else None

    def begin(self, purpose: Purpose, text: str | None = None) -> None:
        """Show the line for a purpose, with its text or the given one in it."""
        self._purpose, self._back, self._cycle = purpose, 0, None
        box, hint = self.query_one(Input), self.query_one(QueryHint)
        box.placeholder = purpose.placeholder
        self.border_title = f"{purpose.key} {purpose.name}"
        hint.indent = 2
        box.value = purpose.begin(self._session) if text is None else text
        box.cursor_position = len(box.value)
        if not self.display:
            self._before = self.screen.focused
        self.display = True
        self.screen.set_focus(box)  # at once: the next key is meant for it
        self._look(box.value)

    def sync(self) -> None:
        """The count grows while it is looked through."""
        if self.display and self.query_one(QueryHint).problem is None:
            self._look(self.query_one(Input).value)

    def restyle(self) -> None:
        """The theme is another one."""
        self.query_one(QueryHint).refresh()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Look at what is there now."""
        event.stop()
        if self.display:
            self._look(event.value)

    def _look(self, text: str) -> None:
        purpose, hint = self._purpose, self.query_one(QueryHint)
        if purpose is None:
            return
        before = hint.shown
        offers, hint.chosen = self._offers() if purpose.queries else ((), -1)
        hint.problem, hint.wanted = None, ""
        try:
            hint.word = purpose.look(self._session, text)
        except EntryError as problem:
            if offers and problem.position is not None and problem.position >= len(text.rstrip()):
                hint.wanted = safe_text(problem.message.partition(";")[0])  # it is not wrong, it goes on
            else:
                hint.problem = problem
        hint.offers = offers
        known = bool(self._history.get(_kind(purpose)))
        hint.ways = (("query.keep", purpose.enter), ("query.revert", purpose.leave))
        hint.more_ways = (("query.older_next", "before"),) if known else ()
        if purpose.queries and text.strip():
            hint.more_ways += (("query.save", "save"),)
        if before != hint.shown:
            hint.refresh()

    def _offers(self) -> tuple[tuple[str, ...], int]:
        """What could follow, and which of it is taken already; -1 for none."""
        cycle = self._cycle
        if cycle is not None and cycle.now == self._typed:
            found, number = cycle.offers, cycle.number
        else:
            found, number = offers_for(self._typed, self._session.log, self._without)[:_OFFERED], -1
        return tuple(safe_text(one.text, 40) for one in found), number

    @property
    def _without(self) -> Collection[str]:
        return () if self._purpose is None else self._purpose.without

    @property
    def _typed(self) -> Typed:
        box = self.query_one(Input)
        return Typed(box.value, box.cursor_position)

    # --- keys ------------------------------------------------------------------------

    def action_complete(self, step: int) -> None:
        """Take what could follow; again: the next of it, or the one before."""
        purpose = self._purpose
        if purpose is None or not purpose.queries:
            return
        now, self._cycle = take(self._typed, self._cycle, self._session.log, step, self._without)
        self._write(now)

    def _write(self, typed: Typed) -> None:
        box = self.query_one(Input)
        box.value = typed.text
        box.cursor_position = typed.position
        self._look(typed.text)

    def action_older(self, step: int) -> None:
        """What was typed before; at the end of it, what stood there at first."""
        purpose = self._purpose
        if purpose is None:
            return
        known = self._history.get(_kind(purpose), [])
        if not self._back:
            self._draft = self.query_one(Input).value
        self._back = min(max(self._back + step, 0), len(known))
        text = known[-self._back] if self._back else self._draft
        self._write(Typed(text, len(text)))

    def action_save(self) -> None:
        """Keep the query for later."""
        text = self.query_one(Input).value.strip()
        if self._purpose is not None and self._purpose.queries and text:
            self.post_message(self.SaveWanted(text))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter."""
        event.stop()
        self.action_keep()

    def action_keep(self) -> None:
        """Do it, and leave; what means nothing stays open."""
        purpose, text, hint = self._purpose, self.query_one(Input).value, self.query_one(QueryHint)
        if purpose is None:
            return
        try:
            purpose.keep(self._session, text)
        except EntryError as problem:
            hint.problem = problem
            hint.refresh()
            return
        if text.strip():
            kind = _kind(purpose)
            known = [*(one for one in self._history.get(kind, []) if one != text), text][-KEPT:]
            self._history[kind] = known
            if purpose.queries:
                self.post_message(self.Kept(tuple(known)))
        self._end()

    def action_revert(self) -> None:
        """Leave, with everything as it was."""
        if self._purpose is not None:
            self._purpose.revert(self._session)
        self._end()

    def _end(self) -> None:
        self.display = False
        self.screen.set_focus(self._before)  # at once: the next key is not meant for the line
        self.post_message(self.Done())


def _kind(purpose: Purpose) -> str:
    return _QUERIES if purpose.queries else purpose.name
