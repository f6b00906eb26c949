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
from debugger.tui.keys import TABLE
from debugger.tui.palette import ink

_KEYS: Final = 16
_CLOSING: Final = ("escape", "q", "question_mark")


def help_text() -> Text:
    """The key table in its groups, then the legend."""
    text = Text()
    for where in dict.fromkeys(key.where for key in TABLE):
        text.append(f"{where.value}\n", ink.key)
        for key in TABLE:
            if key.where is where:
                text.append(f"  {key.shown:<{_KEYS}}", ink.bold)
                text.append(f"{key.about}\n", ink.plain)
        text.append("\n")
    text.append("Families\n  ", ink.key)
    for family in Family:
        look = palette.LOOKS[family]
        text.append(f"{look.letter} ", ink.families[family])
        text.append(f"{look.about}   ", ink.plain)
    text.append("\n\nWhat happened\n", ink.key)
    for kind, glyph in GLYPHS.items():
        text.append(f"  {glyph} ", ink.bold)
        text.append(f"{kind}\n", ink.plain)
    text.append("\nFilter\n", ink.key)
    text.append(
        "  Terms side by side must all hold: component:overseer  message:TTS_*  turn:2  seq>100\n"
        '  severity>=warning  family:queue  "a phrase"  and -term for what is not wanted.\n',
        ink.plain,
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
