"""The line itself: it says at once what is wrong where, how many events match, and what could follow."""

from __future__ import annotations

from typing import Final

from rich.segment import Segment
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input

from debugger.log.query import complete
from debugger.tui.keys import Where, bindings
from debugger.tui.palette import ink
from debugger.tui.query_line.purpose import EntryError, Purpose
from debugger.tui.session import Session
from debugger.tui.text import safe_text, shorten, width_of

_OFFERED: Final = 6
_HISTORY: Final = 100
_WORDS: Final = 300


class QueryHint(Widget):
    """Under the text: what is wrong, at its place; else how many match, and what could follow."""

    def __init__(self) -> None:
        super().__init__()
        self.problem: EntryError | None = None
        self.word = ""
        self.offers: tuple[str, ...] = ()
        self.indent = 2

    def render_line(self, y: int) -> Strip:
        """The line."""
        del y
        width = self.size.width
        segments = self._problem(self.problem, width) if self.problem is not None else self._words(width)
        return Strip(segments).adjust_cell_length(width).apply_style(self.rich_style)

    def _problem(self, problem: EntryError, width: int) -> list[Segment]:
        """The caret stands under the place, the words after it; without one if there is no room."""
        words = safe_text(problem.message, _WORDS)
        if problem.position is None:
            return [Segment(f"  {words}", ink.bad)]
        at = self.indent + problem.position
        if at + 2 + width_of(words) <= width:
            return [Segment(f"{' ' * at}^ {words}", ink.bad)]
        return [Segment(f"  {words} (at {problem.position + 1})", ink.bad)]

    def _words(self, width: int) -> list[Segment]:
        segments = [Segment(f"  {self.word}", ink.good)] if self.word else []
        if self.offers:
            segments.append(Segment("   Tab ", ink.key))
            segments.append(Segment(shorten("  ".join(self.offers), max(width - 40, 20)), ink.dim))
        segments.append(Segment("   ⏎ keep  Esc ^G undo  ↑ before  ^S save", ink.dimmer))
        return segments


class QueryLine(Vertical):
    """Hidden until `begin`."""

    BINDINGS = bindings(Where.FILTER)

    class Done(Message):
        """The line is no longer needed."""

    class SaveWanted(Message):
        """A query is to be saved."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, session: Session, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._session = session
        self._purpose: Purpose | None = None
        self._history: dict[str, list[str]] = {}
        self._back = 0

    def compose(self) -> ComposeResult:
        """The text, and the hint under it."""
        yield Input(compact=True, select_on_focus=False)
        yield QueryHint()

    @property
    def purpose(self) -> Purpose | None:
        """What is typed for now."""
        return self._purpose if self.display else None

    def begin(self, purpose: Purpose, text: str | None = None) -> None:
        """Show the line for a purpose, with its text or the given one in it."""
        self._purpose, self._back = purpose, 0
        box, hint = self.query_one(Input), self.query_one(QueryHint)
        box.placeholder = purpose.placeholder
        self.border_title = f"{purpose.key} {purpose.name}"
        hint.indent = 2
        box.value = purpose.begin(self._session) if text is None else text
        box.cursor_position = len(box.value)
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
        before = (hint.problem, hint.word, hint.offers)
        try:
            hint.problem, hint.word = None, purpose.look(self._session, text)
        except EntryError as problem:
            hint.problem = problem
        hint.offers = tuple(one for one, _ in self._offers(text)) if purpose.queries else ()
        if before != (hint.problem, hint.word, hint.offers):
            hint.refresh()

    def _offers(self, text: str) -> list[tuple[str, int]]:
        """What could follow, and where it begins."""
        position = self.query_one(Input).cursor_position
        found = complete(text, position, self._session.log)[:_OFFERED]
        return [(safe_text(one.text, 40), one.start) for one in found]

    # --- keys ------------------------------------------------------------------------

    def action_complete(self) -> None:
        """Take the first of what could follow."""
        box, purpose = self.query_one(Input), self._purpose
        if purpose is None or not purpose.queries:
            return
        position = box.cursor_position
        offers = complete(box.value, position, self._session.log)
        if offers:
            text, rest = offers[0].text, box.value[position:]
            box.value = box.value[: offers[0].start] + text + rest
            box.cursor_position = offers[0].start + len(text)

    def action_older(self, step: int) -> None:
        """What was typed here before."""
        purpose = self._purpose
        known = self._history.get(purpose.name, []) if purpose is not None else []
        self._back = min(max(self._back + step, 0), len(known))
        box = self.query_one(Input)
        box.value = known[-self._back] if self._back else ""
        box.cursor_position = len(box.value)

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
            known = self._history.setdefault(purpose.name, [])
            self._history[purpose.name] = [*(one for one in known if one != text), text][-_HISTORY:]
        self._end()

    def action_revert(self) -> None:
        """Leave, with everything as it was."""
        if self._purpose is not None:
            self._purpose.revert(self._session)
        self._end()

    def _end(self) -> None:
        self.display = False
        self.post_message(self.Done())
