"""The line in which a filter is typed: it filters as one types, and says at once what is wrong where."""

from __future__ import annotations

from rich.segment import Segment
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input

from debugger.log import QueryError, compile_query
from debugger.tui.keys import Where, bindings
from debugger.tui.palette import ink
from debugger.tui.session import Session
from debugger.tui.text import safe_text

_PROMPT = 2  # cells before the text


class FilterHint(Widget):
    """Under the text: what is wrong, at its place; or how many events match."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.error: QueryError | None = None

    def render_line(self, y: int) -> Strip:
        """The line."""
        del y
        width, error = self.size.width, self.error
        if error is not None:
            # The caret stands under the place, the words after it; before it if there is no room.
            words = safe_text(error, 300)
            at = _PROMPT + error.position
            text = (
                " " * at + "^ " + words
                if at + 2 + len(words) <= width
                else f"  {words} (at {error.position + 1})"
            )
            segments = [Segment(text, ink.bad)]
        else:
            shown, log = self._session.shown, self._session.log
            share = "" if shown.complete else f", {shown.looked_at / max(len(log), 1):.0%} looked through"
            text = f"  {len(shown):,} of {len(log):,} events{share}"
            segments = [Segment(text, ink.good), Segment("   ⏎ keep  Esc undo", ink.dimmer)]
        return Strip(segments).adjust_cell_length(width).apply_style(self.rich_style)


class FilterLine(Vertical):
    """Hidden until `begin`."""

    BINDINGS = bindings(Where.FILTER)

    class Done(Message):
        """The line is no longer needed."""

    def __init__(self, session: Session, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._session = session
        self._before = ""

    def compose(self) -> ComposeResult:
        """The text, and the hint under it."""
        yield Input(
            placeholder="component:overseer  message:TTS_*  turn:2  severity>=warning  -partial  text…",
            compact=True,
            select_on_focus=False,
        )
        yield FilterHint(self._session)

    def begin(self) -> None:
        """Show the line with the present filter in it."""
        self._before = self._session.filter_text
        box = self.query_one(Input)
        box.value = self._before
        box.cursor_position = len(self._before)
        self.display = True
        self.screen.set_focus(box)  # at once: the next key is meant for it
        self._look(self._before)

    def sync(self) -> None:
        """The count grows while the filter works."""
        if self.display:
            self.query_one(FilterHint).refresh()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter by what is there now; a filter in error leaves the last good one."""
        event.stop()
        if self.display:
            self._look(event.value)

    def _look(self, text: str) -> None:
        hint = self.query_one(FilterHint)
        hint.error = apply_filter(self._session, text)
        hint.refresh()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter."""
        event.stop()
        self.action_keep()

    def action_keep(self) -> None:
        """Leave the line; one in error stays open."""
        if self.query_one(FilterHint).error is None:
            self._end()

    def action_revert(self) -> None:
        """Leave the line with the filter as it was."""
        if self._session.filter_text != self._before:
            apply_filter(self._session, self._before)
        self._end()

    def _end(self) -> None:
        self.display = False
        self.post_message(self.Done())


def apply_filter(session: Session, text: str) -> QueryError | None:
    """Filter the session by `text`; what is wrong with it, and then nothing happens."""
    try:
        condition = compile_query(text)
    except QueryError as error:
        return error
    if text.strip() != session.filter_text:
        session.set_filter(text.strip(), None if condition.passes_all else condition)
    return None
