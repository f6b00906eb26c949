"""Keys that move the cursor."""

from __future__ import annotations

from typing import Final

from debugger.tui.keys.key import Key, Where

KEYS: Final = (
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
)
