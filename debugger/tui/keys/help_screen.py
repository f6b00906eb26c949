"""Keys in the help."""

from __future__ import annotations

from typing import Final

from debugger.tui.keys.key import Key, Where

KEYS: Final = (
    Key(("down", "j"), "line(1)", "line down", Where.HELP),
    Key(("up", "k"), "line(-1)", "line up", Where.HELP),
    Key(("pagedown", "ctrl+d", "space"), "page(1)", "page down", Where.HELP),
    Key(("pageup", "ctrl+u", "b"), "page(-1)", "page up", Where.HELP),
    Key(("g", "home"), "edge(0)", "top", Where.HELP),
    Key(("G", "end"), "edge(1)", "bottom", Where.HELP),
    Key(("slash",), "find", "only lines with a word; Esc or ^G: all again", Where.HELP),
    Key(("escape", "q", "question_mark", "ctrl+g"), "close", "close", Where.HELP),
)
