"""Keys in the state tree."""

from __future__ import annotations

from typing import Final

from debugger.tui.keys.key import Key, Where

KEYS: Final = (
    Key(("down", "j"), "line(1)", "line down", Where.STATE),
    Key(("up", "k"), "line(-1)", "line up", Where.STATE),
    Key(("enter", "right", "l"), "unfold", "unfold, or fold when unfolded", Where.STATE),
    Key(("left", "h"), "fold", "fold, or go to the parent", Where.STATE),
)
