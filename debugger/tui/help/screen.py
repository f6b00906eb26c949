"""All keys, and what the glyphs mean."""

from __future__ import annotations

from typing import Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from backend.events import Family
from debugger.tui import palette
from debugger.tui.events.model import GLYPHS
from debugger.tui.keys import TABLE, Where

_KEYS: Final = 16
_CLOSING: Final = ("escape", "q", "question_mark")


def help_text() -> Text:
    """The key table in its groups, then the legend."""
    text = Text()
    for where in Where:
        text.append(f"{where.value}\n", palette.KEY)
        for key in TABLE:
            if key.where is where:
                text.append(f"  {key.shown:<{_KEYS}}", palette.BOLD)
                text.append(f"{key.about}\n", palette.PLAIN)
        text.append("\n")
    text.append("Families\n  ", palette.KEY)
    for family in Family:
        look = palette.LOOKS[family]
        text.append(f"{look.letter} ", palette.STYLES[family])
        text.append(f"{look.about}   ", palette.PLAIN)
    text.append("\n\nWhat happened\n", palette.KEY)
    for kind, glyph in GLYPHS.items():
        text.append(f"  {glyph} ", palette.BOLD)
        text.append(f"{kind}\n", palette.PLAIN)
    text.append("\nFilter\n", palette.KEY)
    text.append(
        "  Terms side by side must all hold: component:overseer  message:TTS_*  turn:2  seq>100\n"
        '  severity>=warning  family:queue  "a phrase"  and -term for what is not wanted.\n',
        palette.PLAIN,
    )
    return text


class HelpScreen(ModalScreen[None]):
    """Scrolls; closes by Escape and by the key that opened it."""

    BINDINGS: Final[list[BindingType]] = [  # type: ignore[misc] # as Textual has it, but never assigned
        (",".join(_CLOSING), "close", "close"),
        ("j", "scroll(1)", "down"),
        ("k", "scroll(-1)", "up"),
    ]

    def compose(self) -> ComposeResult:
        """A frame with the text in it."""
        with VerticalScroll(id="help-frame") as frame:
            frame.border_title = " Keys "
            frame.border_subtitle = " Esc closes "
            yield Static(help_text())

    def action_scroll(self, step: int) -> None:
        """A line up or down."""
        self.query_one("#help-frame").scroll_relative(y=step, animate=False)

    def action_close(self) -> None:
        """Back to the panes."""
        self.dismiss()
