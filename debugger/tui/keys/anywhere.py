"""Keys that work everywhere."""

from __future__ import annotations

from typing import Final

from debugger.tui.keys.key import Key, Where

KEYS: Final = (
    Key(("1",), "pane('graph')", "the component graph", Where.ANYWHERE),
    Key(("2",), "pane('events')", "the events", Where.ANYWHERE),
    Key(("3",), "pane('state')", "the state", Where.ANYWHERE),
    Key(("tab",), "cycle(1)", "next pane", Where.ANYWHERE, "pane", 4),
    Key(("shift+tab",), "cycle(-1)", "pane before", Where.ANYWHERE),
    Key(("question_mark",), "help", "this help", Where.ANYWHERE, "help", 8),
    Key(("q", "ctrl+c"), "quit", "quit", Where.ANYWHERE, "quit", 9),
)
