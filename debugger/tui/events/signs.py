"""What stands at the left of the event table, and what it means."""

from __future__ import annotations

from typing import Final

from debugger.tui.legend import Sign
from debugger.tui.palette import ink

CURSOR, BEFORE = "▌", "▁"
MATCH: Final = "▸"
MARKED: Final = "◆"
SELECTED: Final = "┃"


def legend() -> list[Sign]:
    """The signs of the table; what happened, and of which family, is listed for all panes."""
    return [
        Sign(CURSOR, "the cursor", ink.accent),
        Sign(BEFORE, "the cursor is between this line and the next: its event is filtered out", ink.accent),
        Sign(MATCH, "the search finds it", ink.warn),
        Sign(MARKED, "it has a bookmark", ink.accent),
        Sign(SELECTED, "it is selected", ink.accent),
    ]
