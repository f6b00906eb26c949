"""A line for who starts for the first time. Any key takes it away, and does what it does."""

from __future__ import annotations

from collections.abc import Callable

from rich.segment import Segment
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from debugger.tui import plain
from debugger.tui.keys import current
from debugger.tui.keys.key import cap
from debugger.tui.palette import ink
from debugger.tui.text import width_of

_SHOWN = (  # in the order in which they are read; the number says which stay when room is short
    ("move.step_next", "next", 4),
    ("move.step_previous", "back", 5),
    ("time.play", "play", 3),
    ("find.filter", "filter", 2),
    ("app.palette", "commands", 6),
    ("app.help", "help", 1),
)
_ONCE = "shown once"


def hint_parts(width: int, *, words: bool = False) -> list[tuple[str, str]]:
    """Keys and what they do, as many as fit into ``width`` cells; the help is the last to go."""
    told = []
    for name, label, weight in _SHOWN:
        row = current.named(name)
        if row is not None:
            told.append((weight, (cap(row.keys[0], words=words), label)))
    told.append((9, ("", _ONCE)))
    while told and sum(width_of(key) + width_of(label) + 4 for _, (key, label) in told) > width:
        told.remove(max(told))
    return [one for _, one in told]


class FirstRunHint(Widget, can_focus=False):
    """Docked under everything. Hand each input event of the application to `see`: it takes none for itself.

    ``seen`` is called once, when the hint goes.
    """

    DEFAULT_CSS = """
    FirstRunHint {
        dock: bottom;
        height: 1;
        background: $panel;
    }
    """

    def __init__(self, seen: Callable[[], object], *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._seen = seen
        self._gone = False

    def see(self, event: events.Event) -> None:
        """A key or a click: the hint has been read."""
        if isinstance(event, events.Key | events.MouseDown | events.Paste) and not self._gone:
            self._gone = True
            self._seen()
            self.remove()

    def restyle(self) -> None:
        """Other colours."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """The line."""
        width = self.size.width
        segments: list[Segment] = []
        if y == 0:
            for key, label in hint_parts(width, words=plain.is_ascii(self.app)):
                segments += [
                    Segment(" · " if segments else " ", ink.dim),
                    Segment(key, ink.key),
                    Segment(f" {label}" if key else label, ink.plain),
                ]
        return Strip(segments).adjust_cell_length(width).apply_style(self.rich_style)
