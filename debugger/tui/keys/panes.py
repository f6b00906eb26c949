"""Keys for the panes."""

from __future__ import annotations

from typing import Final

from debugger.tui.keys.key import Key, Where

KEYS: Final = (
    Key(("1",), "pane('graph')", "the component graph", Where.ANYWHERE),
    Key(("2",), "pane('timeline')", "the timeline", Where.ANYWHERE),
    Key(("3",), "pane('events')", "the events", Where.ANYWHERE),
    Key(("4",), "pane('state')", "the state", Where.ANYWHERE),
    Key(("5",), "pane('turns')", "the turns", Where.ANYWHERE),
    Key(("6",), "pane('findings')", "the findings", Where.ANYWHERE),
    Key(("tab",), "cycle(1)", "next pane", Where.ANYWHERE, "pane", 4),
    Key(("shift+tab",), "cycle(-1)", "pane before", Where.ANYWHERE),
    Key(("z",), "maximise", "all the room for this pane, or give it back", Where.ANYWHERE, "zoom", 9),
    Key(("Z",), "hide", "hide this pane; its number shows it again", Where.ANYWHERE),
    Key(("less_than_sign",), "wider(-1)", "narrower", Where.ANYWHERE),
    Key(("greater_than_sign",), "wider(1)", "wider", Where.ANYWHERE),
    Key(("left_parenthesis",), "higher(-1)", "less high", Where.ANYWHERE),
    Key(("right_parenthesis",), "higher(1)", "higher", Where.ANYWHERE),
    Key(("0",), "rearrange", "all panes as they were at first", Where.ANYWHERE),
)
