"""Keys in the findings."""

from __future__ import annotations

from typing import Final

from debugger.tui.keys.key import Key, Where

KEYS: Final = (
    Key(("j", "down"), "line(1)", "line down", Where.FINDINGS),
    Key(("k", "up"), "line(-1)", "line up", Where.FINDINGS),
    Key(("pagedown", "ctrl+d"), "page(1)", "page down", Where.FINDINGS),
    Key(("pageup", "ctrl+u"), "page(-1)", "page up", Where.FINDINGS),
    Key(("g", "home"), "edge(0)", "first line", Where.FINDINGS),
    Key(("G", "end"), "edge(1)", "last line", Where.FINDINGS),
    Key(("enter",), "go", "to its event", Where.FINDINGS, "go there", 1),
    Key(("d", "delete"), "drop", "take a watch or a bookmark away", Where.FINDINGS, "take away", 2),
)
