"""Choosing the columns of the event table."""

from __future__ import annotations

from typing import Final

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.screen import ModalScreen
from textual.widgets import Static

from debugger.tui.events.model import COLUMNS, columns_for
from debugger.tui.palette import ink

_FIELDS: Final = tuple(COLUMNS)
_NAME: Final = 14


class ColumnChooser(ModalScreen[tuple[str, ...] | None]):
    """A list with a box before each column; gives back the chosen ones, in order. None: as before.

    Until one chooses, those are ticked that suit a table of ``width`` cells: what is kept then are none.
    """

    BINDINGS: Final[list[BindingType]] = [  # type: ignore[misc] # as Textual has it, but never assigned
        ("j,down", "line(1)", "down"),
        ("k,up", "line(-1)", "up"),
        ("space,x", "take", "take or leave it"),
        ("d,0", "default", "what suits the width"),
        ("enter,C", "keep", "keep"),
        ("escape,q,ctrl+g", "leave", "leave"),
    ]

    def __init__(self, chosen: tuple[str, ...], width: int) -> None:
        super().__init__()
        self._width = width
        self._suiting = not chosen
        self._chosen = set(chosen) or self._shown_of(())
        self._line = 0

    def _shown_of(self, chosen: tuple[str, ...]) -> set[str]:
        return {column.field for column in columns_for(self._width, chosen)} & set(_FIELDS)

    @property
    def _in_order(self) -> tuple[str, ...]:
        return tuple(field for field in _FIELDS if field in self._chosen)

    def compose(self) -> ComposeResult:
        """A frame with the list."""
        with Container(id="chooser-frame") as frame:
            frame.border_title = " Columns "
            frame.border_subtitle = " ␣ take or leave · d what suits the width · ⏎ keep · Esc q leave "
            yield Static()

    def on_mount(self) -> None:
        """Show it."""
        self._show()

    def _show(self) -> None:
        text = Text()
        shown = self._shown_of(self._in_order)
        for number, field in enumerate(_FIELDS):
            column = COLUMNS[field]
            here = number == self._line
            text.append("▌" if here else " ", ink.accent)
            text.append("[x] " if field in self._chosen else "[ ] ", ink.bold if here else ink.plain)
            text.append(f"{column.title:<{_NAME}}", ink.bold if here else ink.plain)
            text.append(column.about, ink.dim)
            if field in self._chosen and field not in shown:
                text.append(" · no room", ink.warn)
            text.append("\n")
        told = "these suit the width, and change with it" if self._suiting else "yours, at any width"
        text.append(f"\n {told}", ink.dim)
        self.query_one(Static).update(text)

    def action_line(self, step: int) -> None:
        """Another line."""
        self._line = (self._line + step) % len(_FIELDS)
        self._show()

    def action_take(self) -> None:
        """Take the column, or leave it."""
        self._chosen ^= {_FIELDS[self._line]}
        self._suiting = not self._chosen
        if self._suiting:
            self._chosen = self._shown_of(())
        self._show()

    def action_default(self) -> None:
        """What suits the width."""
        self._suiting, self._chosen = True, self._shown_of(())
        self._show()

    def action_keep(self) -> None:
        """Done."""
        self.dismiss(() if self._suiting else self._in_order)

    def action_leave(self) -> None:
        """As it was."""
        self.dismiss(None)

    def on_click(self, event: events.Click) -> None:
        """Take or leave what one clicked on; outside of the frame: leave."""
        listed = self.query_one(Static)
        if event.widget is self:
            self.dismiss(None)
        elif event.widget is listed and event.y < len(_FIELDS):
            self._line = event.y
            self.action_take()
