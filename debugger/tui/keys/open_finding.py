"""Keys in an open finding."""

from __future__ import annotations

from typing import Final

from debugger.tui.keys.key import Key, Where

KEYS: Final = (
    Key(("down", "j"), "line(1)", "line down", Where.FINDING),
    Key(("up", "k"), "line(-1)", "line up", Where.FINDING),
    Key(("pagedown", "ctrl+d"), "page(1)", "page down", Where.FINDING),
    Key(("pageup", "ctrl+u"), "page(-1)", "page up", Where.FINDING),
    Key(("g", "home"), "edge(0)", "top", Where.FINDING),
    Key(("G", "end"), "edge(1)", "bottom", Where.FINDING),
    Key(("i",), "turn_to('why')", "why it is one, and what to do", Where.FINDING),
    Key(("A",), "turn_to('first')", "how A came about", Where.FINDING),
    Key(("B",), "turn_to('second')", "how B came about", Where.FINDING),
    Key(("u",), "turn_to('rule')", "what its rule says", Where.FINDING),
    Key(("right", "l", "tab"), "turn_over(1)", "next page", Where.FINDING),
    Key(("left", "h", "shift+tab"), "turn_over(-1)", "page before", Where.FINDING),
    Key(("enter",), "go", "to the event of the line", Where.FINDING),
    Key(("a",), "moment('first')", "to the moment of A", Where.FINDING),
    Key(("b",), "moment('second')", "to the moment of B", Where.FINDING),
    Key(("escape", "q"), "close", "close", Where.FINDING),
)
