"""Keys in an open event."""

from __future__ import annotations

from typing import Final

from debugger.tui.keys.key import Key, Where

KEYS: Final = (
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
)
