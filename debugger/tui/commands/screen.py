"""The palette itself: a line to type in, and the commands that match."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.screen import ModalScreen
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widgets import Input

from debugger.tui import plain
from debugger.tui.commands.catalogue import Command
from debugger.tui.commands.fuzzy import match
from debugger.tui.keys import Where, bindings, current
from debugger.tui.keys.key import cap
from debugger.tui.palette import ink
from debugger.tui.text import fit, width_of
from debugger.tui.typed_ahead import TypedLine

_GONE: Final = Style(strike=True, dim=True)
_CURSOR: Final = "▌"
_GROUP: Final = 22
_WIDE: Final = 64  # cells from which on the group is shown too
_KEYS: Final = 14
_BEHIND: Final = 1_000_000  # any match by a name is better


class Found(NamedTuple):
    """A command that matches, and the places of the letters."""

    command: Command
    places: tuple[int, ...]


def found(commands: Sequence[Command], wanted: str) -> list[Found]:
    """The commands that match, the best first; all of them, in their order, for nothing typed.

    A group's name finds all of the group, behind what matches by its own name.
    """
    matches: list[tuple[int, int, Found]] = []
    words = wanted.casefold().split()
    for number, command in enumerate(commands):
        own = match(wanted, command.title)
        if own is not None:
            matches.append((-own.score, number, Found(command, own.places)))
        elif all(word in command.group.casefold() or match(word, command.title) for word in words):
            matches.append((_BEHIND, number, Found(command, ())))
    return [one for _, _, one in sorted(matches, key=lambda match: match[:2])]


class CommandList(ScrollView, can_focus=False):
    """The matching commands; one of them is chosen."""

    class Clicked(Message):
        """A command was clicked."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self, commands: Sequence[Command]) -> None:
        super().__init__()
        self._commands = commands
        self._wanted: str | None = None
        self.found = found(commands, "")
        self.line = 0
        self._forgotten = set[int]()

    @property
    def room(self) -> int:
        """Cells of a line, without the scrollbar."""
        return self.scrollable_content_region.width

    def look(self, wanted: str) -> None:
        """Show what matches, if it is not what is shown."""
        if wanted == self._wanted:
            return
        self._wanted = wanted
        self.found = found(self._commands, wanted)
        self.virtual_size = Size(self.room, len(self.found))
        self.to(0)

    def on_resize(self) -> None:
        """The lines are as many, the width is not."""
        self.virtual_size = Size(self.room, len(self.found))
        self.to(self.line)

    @property
    def way(self) -> str:
        """What `forget` would do with the chosen command; empty for nothing."""
        command = self.chosen
        if command is None or command.keep is None:
            return ""
        return "keeps it" if id(command) in self._forgotten else "forgets it"

    def restyle(self) -> None:
        """Other colours."""
        self.refresh()

    def forget(self) -> None:
        """Forget the chosen command, if the user made it; again: keep it after all. It stays in the list."""
        command = self.chosen
        if command is None or command.keep is None:
            return
        self._forgotten ^= {id(command)}
        command.keep(id(command) not in self._forgotten)
        self.refresh()

    def to(self, line: int) -> None:
        """Choose another one."""
        self.line = min(max(line, 0), max(len(self.found) - 1, 0))
        top, height = self.scroll_offset.y, max(self.size.height, 1)
        wanted = min(max(top, self.line - height + 1), self.line)
        if wanted != top:
            self.scroll_to(y=wanted, animate=False, force=True, immediate=True)
        self.refresh()

    @property
    def chosen(self) -> Command | None:
        """The chosen command."""
        return self.found[self.line].command if self.found else None

    def render_line(self, y: int) -> Strip:
        """One line."""
        number, width = self.scroll_offset.y + y, self.room
        if not self.found and y == 0:
            segments = [Segment(" nothing of that name", ink.dim)]
        elif number < len(self.found):
            segments = self._paint(self.found[number], width, chosen=number == self.line)
        else:
            segments = []
        return Strip(segments).adjust_cell_length(width).apply_style(self.rich_style)

    def _paint(self, one: Found, width: int, *, chosen: bool) -> list[Segment]:
        words = plain.is_ascii(self.app)
        gone = id(one.command) in self._forgotten
        keys = "forgotten" if gone else " ".join(cap(key, words=words) for key in one.command.keys)
        group = fit(one.command.group, _GROUP) + " " if width >= _WIDE else ""
        at_end = min(width_of(keys), _KEYS, width // 3)
        room = width - 1 - width_of(group) - at_end - 1
        segments = [Segment(_CURSOR if chosen else " ", ink.accent), Segment(group, ink.dim)]
        title = fit(one.command.title, room)
        # Letter by letter: what was found is told by bold and underline, not by colour alone.
        marked = set(one.places)
        for at, char in enumerate(title):
            style = _GONE if gone else ink.key if at in marked else ink.plain
            segments.append(Segment(char, style))
        segments.append(Segment(" " + fit(keys, at_end, right=True), ink.dim))
        if chosen:
            segments = [Segment(text, (style or ink.plain) + ink.on_cursor) for text, style, _ in segments]
        return segments

    def on_click(self, event: events.Click) -> None:
        """Run what one clicked on."""
        event.stop()
        number = self.scroll_offset.y + event.y
        if number < len(self.found):
            self.post_message(self.Clicked(number))


class CommandPalette(ModalScreen[Command | None]):
    """Gives back the chosen command, to be run when the palette is gone; None: nothing was chosen."""

    BINDINGS = bindings(Where.COMMANDS)
    AUTO_FOCUS = "Input"
    DEFAULT_CSS = """
    CommandPalette {
        align: center top;
    }
    CommandPalette #commands-frame {
        width: 92%;
        max-width: 100;
        height: auto;
        max-height: 80%;
        margin-top: 2;
        border: round $primary;
        background: $surface;
        padding: 0 1;
    }
    CommandPalette Input {
        height: 1;
        border: none;
        padding: 0 1;
        background: $panel;
    }
    CommandPalette CommandList {
        height: auto;
        min-height: 1;
        max-height: 24;
        background: $surface;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
        overflow-x: hidden;
    }
    CommandPalette.-short #commands-frame {
        border: none;
        width: 100%;
        height: 100%;
        max-height: 100%;
        margin-top: 0;
        padding: 0;
    }
    CommandPalette.-short CommandList {
        height: 1fr;
    }
    """

    def __init__(self, commands: Sequence[Command]) -> None:
        super().__init__()
        self._list = CommandList(commands)

    def compose(self) -> ComposeResult:
        """A frame with the line and the list."""
        with Vertical(id="commands-frame") as frame:
            frame.border_title = Content(" Commands ")
            frame.border_subtitle = Content(f" {self._ways()} ")
            yield TypedLine(Where.COMMANDS, placeholder="a few letters of what you want to do")
            yield self._list

    def _ways(self) -> str:
        words = plain.is_ascii(self.app)
        rows = {row.action: row for row in current.rows if row.where is Where.COMMANDS}
        ways = [f"{rows['choose'].shown_as(words=words)} runs"]
        if self._list.way:
            ways.append(f"{rows['forget'].shown_as(words=words)} {self._list.way}")
        return " · ".join([*ways, f"{rows['close'].shown_as(words=words)} close"])

    def on_mount(self) -> None:
        """As high as there are commands."""
        self._look()

    def on_resize(self) -> None:
        """A short screen has no room for a frame."""
        self.set_class(self.size.height < 12 or self.size.width < 40, "-short")  # noqa: PLR2004 - cells

    def on_input_changed(self, event: Input.Changed) -> None:
        """Look for it as it is typed."""
        event.stop()
        self._look()

    def _look(self) -> None:
        """What matches what is in the line by now: keys may come before it tells that it has changed."""
        self._list.look(self.query_one(Input).value)
        self._tell()

    def _tell(self) -> None:
        self.query_one("#commands-frame").border_subtitle = Content(f" {self._ways()} ")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter in the line."""
        event.stop()
        self.action_choose()

    def action_move(self, step: int) -> None:
        """Another command; behind the last comes the first."""
        self._look()
        count = len(self._list.found)
        self._list.to((self._list.line + step) % count if count else 0)
        self._tell()

    def action_page(self, step: int) -> None:
        """A page of them."""
        self._look()
        self._list.to(self._list.line + step * max(self._list.size.height - 1, 1))
        self._tell()

    def action_choose(self) -> None:
        """Give it back."""
        self._look()
        if self._list.chosen is not None:
            self.dismiss(self._list.chosen)

    def on_command_list_clicked(self, event: CommandList.Clicked) -> None:
        """Give it back."""
        self._list.to(event.number)
        self.action_choose()

    def action_forget(self) -> None:
        """Forget a saved query, or keep it after all."""
        self._look()
        self._list.forget()
        self._tell()

    def action_close(self) -> None:
        """Nothing was chosen."""
        self.dismiss(None)
