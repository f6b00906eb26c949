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
    Key(("t",), "along('turn', 1)", "next event of the same turn", Where.MOVE, "in turn", 12),
    Key(("T",), "along('turn', -1)", "event before in the same turn", Where.MOVE),
    Key(("right_square_bracket",), "turn(1)", "to the next turn", Where.MOVE, "next turn", 11),
    Key(("left_square_bracket",), "turn(-1)", "to the beginning of this turn, or the one before", Where.MOVE),
    Key(("o",), "along('correlation', 1)", "next event of the same correlation", Where.MOVE),
    Key(("O",), "along('correlation', -1)", "event before of the same correlation", Where.MOVE),
    Key(("i",), "along('component', 1)", "next event of the same component", Where.MOVE),
    Key(("I",), "along('component', -1)", "event before of the same component", Where.MOVE),
    Key(("J",), "along('task', 1)", "next event of the same task", Where.MOVE),
    Key(("K",), "along('task', -1)", "event before of the same task", Where.MOVE),
    Key(("d",), "state_change(1)", "next change of state, of the pinned component or any", Where.MOVE),
    Key(("D",), "state_change(-1)", "change of state before", Where.MOVE),
    Key(("n",), "match(1)", "next event that the search finds", Where.MOVE),
    Key(("N",), "match(-1)", "event before that the search finds", Where.MOVE),
    Key(("apostrophe",), "bookmark(1)", "next bookmark", Where.MOVE),
    Key(("quotation_mark",), "bookmark(-1)", "bookmark before", Where.MOVE),
    Key(("colon",), "go_to", "to a time, a seq, a turn, an id", Where.MOVE, "go to", 13),
    Key(("backspace", "ctrl+o"), "back", "back to where the last jump came from", Where.MOVE),
)
