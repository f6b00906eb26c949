"""The key table: bindings, the key bar and the help are made from it, and from nothing else."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from textual.binding import Binding, BindingType


class Where(enum.Enum):
    """Where a key works. The value heads its part of the help."""

    ANYWHERE = "Anywhere"
    MOVE = "Move the cursor"
    TIME = "Time"
    FIND = "Find"
    GRAPH = "In the graph"
    STATE = "In the state"
    EVENT = "In an open event"
    FILTER = "In the filter line"


@dataclass(frozen=True, slots=True)
class Key:
    """One row: the keys (Textual's names), the action they run, and what to call it.

    ``label`` is for the key bar, in the order of ``rank``; rank 0 keeps it off the bar.
    """

    keys: tuple[str, ...]
    action: str
    about: str
    where: Where
    label: str = ""
    rank: int = 0

    @property
    def shown(self) -> str:
        """The keys as they are printed on them."""
        return " ".join(_CAPS.get(key, key) for key in self.keys)

    @property
    def cap(self) -> str:
        """The first key alone, for the key bar."""
        return _CAPS.get(self.keys[0], self.keys[0])


_CAPS: Final = {
    "space": "␣",
    "enter": "⏎",
    "escape": "Esc",
    "tab": "Tab",
    "shift+tab": "⇧Tab",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "slash": "/",
    "question_mark": "?",
    "plus": "+",
    "minus": "-",
    "equals_sign": "=",
    "ctrl+c": "^C",
    "ctrl+d": "^D",
    "ctrl+u": "^U",
    "ctrl+g": "^G",
}

TABLE: Final = (
    Key(("j", "down"), "step(1)", "next event", Where.MOVE),
    Key(("k", "up"), "step(-1)", "event before", Where.MOVE),
    Key(("l", "right"), "message(1)", "next message (publish or receive)", Where.MOVE),
    Key(("h", "left"), "message(-1)", "message before", Where.MOVE),
    Key(("pagedown", "ctrl+d"), "page(1)", "page down", Where.MOVE),
    Key(("pageup", "ctrl+u"), "page(-1)", "page up", Where.MOVE),
    Key(("g", "home"), "first", "first event", Where.MOVE),
    Key(("G", "end"), "last", "last event; live: follow", Where.MOVE),
    Key(("c",), "cause", "to the event that caused this one", Where.MOVE, "cause", 5),
    Key(("e",), "effect", "to the first event that this one caused", Where.MOVE, "effect", 6),
    Key(("n",), "turn(1)", "next event of the same turn", Where.MOVE, "next in turn", 11),
    Key(("N",), "turn(-1)", "event before in the same turn", Where.MOVE),
    Key(("space",), "play", "replay: play or stop; live: pause or follow", Where.TIME, "play", 1),
    Key(("plus", "equals_sign"), "speed(1)", "replay: faster", Where.TIME),
    Key(("minus",), "speed(-1)", "replay: slower", Where.TIME),
    Key(("enter",), "open", "open the event", Where.FIND, "open", 2),
    Key(("slash",), "filter", "filter the events", Where.FIND, "filter", 3),
    Key(
        ("f",),
        "filter_component",
        "only the events of this component, or all again",
        Where.FIND,
        "only this",
        10,
    ),
    Key(("x",), "clear_filter", "no filter", Where.FIND),
    Key(
        ("s",),
        "pin",
        "keep this component's state in view, or follow the cursor again",
        Where.FIND,
        "pin",
        7,
    ),
    Key(("1",), "pane('graph')", "the component graph", Where.ANYWHERE),
    Key(("2",), "pane('events')", "the events", Where.ANYWHERE),
    Key(("3",), "pane('state')", "the state", Where.ANYWHERE),
    Key(("tab",), "cycle(1)", "next pane", Where.ANYWHERE, "pane", 4),
    Key(("shift+tab",), "cycle(-1)", "pane before", Where.ANYWHERE),
    Key(("question_mark",), "help", "this help", Where.ANYWHERE, "help", 8),
    Key(("q", "ctrl+c"), "quit", "quit", Where.ANYWHERE, "quit", 9),
    Key(("up", "k"), "select('up')", "component above", Where.GRAPH),
    Key(("down", "j"), "select('down')", "component below", Where.GRAPH),
    Key(("left", "h"), "select('left')", "component to the left", Where.GRAPH),
    Key(("right", "l"), "select('right')", "component to the right", Where.GRAPH),
    Key(("escape", "u"), "unselect", "no component; the state follows the cursor", Where.GRAPH),
    Key(("down", "j"), "line(1)", "line down", Where.STATE),
    Key(("up", "k"), "line(-1)", "line up", Where.STATE),
    Key(("enter", "right", "l"), "unfold", "unfold, or fold when unfolded", Where.STATE),
    Key(("left", "h"), "fold", "fold, or go to the parent", Where.STATE),
    Key(("down", "j"), "line(1)", "line down", Where.EVENT),
    Key(("up", "k"), "line(-1)", "line up", Where.EVENT),
    Key(("pagedown", "ctrl+d"), "page(1)", "page down", Where.EVENT),
    Key(("pageup", "ctrl+u"), "page(-1)", "page up", Where.EVENT),
    Key(("g", "home"), "edge(0)", "top", Where.EVENT),
    Key(("G", "end"), "edge(1)", "bottom", Where.EVENT),
    Key(("c",), "cause", "open its cause", Where.EVENT),
    Key(("e",), "effect", "open its first effect", Where.EVENT),
    Key(("right", "l"), "step(1)", "open the next event", Where.EVENT),
    Key(("left", "h"), "step(-1)", "open the event before", Where.EVENT),
    Key(("escape", "q", "enter"), "close", "close", Where.EVENT),
    Key(("enter",), "keep", "keep the filter", Where.FILTER),
    Key(("escape", "ctrl+g"), "revert", "the filter as it was before", Where.FILTER),
)

APP: Final = (Where.MOVE, Where.TIME, Where.FIND, Where.ANYWHERE)
"""Parts of the table that hold wherever the focus is."""


FOCUSING: Final = ("filter", "pane", "cycle")
"""Actions that move the focus. They run before the next key is looked at: what is typed behind
a ``/`` goes into the line that it opens, however fast it comes."""


def bindings(*where: Where) -> list[BindingType]:
    """The bindings of parts of the table."""
    return [
        Binding(
            ",".join(key.keys),
            key.action,
            key.about,
            show=False,
            priority=key.action.partition("(")[0] in FOCUSING,
        )
        for key in TABLE
        if key.where in where
    ]


def bar() -> list[Key]:
    """What the key bar shows, in order."""
    return sorted((key for key in TABLE if key.rank), key=lambda key: key.rank)
