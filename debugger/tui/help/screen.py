"""The help: all keys in force, the focused pane's first, and what the glyphs mean."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widgets import Input

from debugger.tui import plain
from debugger.tui.help.text import help_text
from debugger.tui.keys import Where, bindings, current
from debugger.tui.keys.context import places

__all__ = ["HelpScreen", "help_text"]

_LEAST_WIDTH = 20
_IN_PANES = tuple(where for where in Where if where is not Where.DIFF)  # a comparison is a program of its own


class HelpLines(ScrollView, can_focus=True, inherit_bindings=False):
    """The lines of the help."""

    def __init__(self) -> None:
        super().__init__()
        self.first: Sequence[Where] = ()
        self.alone = False
        self._only = ""
        self._lines: list[list[Segment]] = []

    @property
    def room(self) -> int:
        """Cells of a line, without the scrollbar."""
        return self.scrollable_content_region.width

    def show(self, only: str) -> None:
        """Only lines with a word; all for an empty one."""
        self._only = only
        self._make()
        self.go(0)

    def restyle(self) -> None:
        """Other colours."""
        self._make()

    def on_resize(self) -> None:
        """Words wrap anew."""
        self._make()

    def _make(self) -> None:
        width = max(self.room, _LEAST_WIDTH)
        words = plain.is_ascii(self.app)
        shown = (*self.first, Where.HELP) if self.alone else _IN_PANES
        rows = [row for row in current.rows if row.where in shown]
        text = help_text(rows, self.first, words=words, width=width, only=self._only)
        console = self.app.console
        self._lines = [list(line.render(console)) for line in text.split("\n")]
        while self._lines and not "".join(one.text for one in self._lines[-1]).strip():
            del self._lines[-1]
        self.virtual_size = Size(self.room, len(self._lines))
        self.refresh()

    def go(self, y: int) -> None:
        """Scroll to a line."""
        self.scroll_to(y=y, animate=False, force=True, immediate=True)

    def render_line(self, y: int) -> Strip:
        """One line."""
        number = self.scroll_offset.y + y
        segments = self._lines[number] if number < len(self._lines) else []
        return Strip(segments).adjust_cell_length(self.room).apply_style(self.rich_style)


class HelpScreen(ModalScreen[None]):
    """Opens over any screen, and begins with the keys of what was focused there.

    Scrolls by keys and wheel; closes by Escape, by ``q``, and by the key that opened it.
    """

    BINDINGS = bindings(Where.HELP)
    AUTO_FOCUS = "HelpLines"
    DEFAULT_CSS = """
    HelpScreen {
        align: center middle;
    }
    HelpScreen #help-box {
        width: 92%;
        max-width: 92;
        height: 90%;
        border: round $primary;
        background: $surface;
        padding: 0 1;
    }
    HelpScreen HelpLines {
        height: 1fr;
        background: $surface;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
        overflow-x: hidden;
    }
    HelpScreen Input {
        display: none;
        height: 1;
        border: none;
        padding: 0;
        background: $panel;
    }
    HelpScreen.-short #help-box {
        border: none;
        width: 100%;
        height: 100%;
        padding: 0;
    }
    """

    def __init__(self, first: Sequence[Where] | None = None, *, alone: bool = False) -> None:
        """Begin with the groups `first`; ``alone``: with no others but that of the help."""
        super().__init__()
        self._first = first
        self._alone = alone
        self._line = Input(placeholder="a word", compact=True)
        self._text = HelpLines()

    def compose(self) -> ComposeResult:
        """A frame with the text in it, and the line for a word."""
        first = self._first
        if first is None:
            below = [screen for screen in self.app.screen_stack if screen is not self]
            first = places(below[-1]) if below else ()
        with Vertical(id="help-box") as frame:
            frame.border_title = Content(" Keys and signs ")
            frame.border_subtitle = Content(f" / finds · {self._closing_keys()} ")
            self._text.first = first
            self._text.alone = self._alone
            yield self._text
            yield self._line

    def _closing_keys(self) -> str:
        row = next((row for row in current.rows if row.where is Where.HELP and row.action == "close"), None)
        return f"{row.shown_as(words=plain.is_ascii(self.app))} close" if row else "Esc closes"

    def on_resize(self) -> None:
        """A short screen has no room for a frame."""
        self.set_class(self.size.height < 10 or self.size.width < 40, "-short")  # noqa: PLR2004 - cells

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a word is typed, keys are text."""
        del parameters
        return action in ("close", "line", "page") or not self._line.has_focus

    def action_find(self) -> None:
        """Type a word."""
        line = self._line
        line.display = True
        self.set_focus(line)  # at once: the next key is meant for it

    def on_input_changed(self, event: Input.Changed) -> None:
        """Look for it as it is typed."""
        event.stop()
        self._text.show(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep what was found, and let keys be keys."""
        event.stop()
        self._text.focus()

    def action_line(self, step: int) -> None:
        """Scroll."""
        lines = self._text
        lines.go(lines.scroll_offset.y + step)

    def action_page(self, step: int) -> None:
        """Scroll by a page."""
        self.action_line(step * max(self._text.size.height - 1, 1))

    def action_edge(self, end: int) -> None:
        """To the top or the bottom."""
        lines = self._text
        lines.go(lines.virtual_size.height if end else 0)

    def action_close(self) -> None:
        """Back to where one was; from a word that is typed, to all lines first."""
        line = self._line
        if line.display:
            line.value = ""
            line.display = False
            self._text.focus()
        else:
            self.dismiss()
