"""What marks the lines of the state, and what it means."""

from __future__ import annotations

from typing import Final

from debugger.tui.legend import Sign
from debugger.tui.palette import ink

CHANGED, ADDED, REMOVED, UNKNOWN = "~", "+", "-", "?"
OPEN, CLOSED = "▾", "▸"
NOW: Final = "▶"


def legend() -> list[Sign]:
    """The signs of the state."""
    return [
        Sign(CHANGED, "changed since the state before, or since the moment compared with", ink.changed),
        Sign(ADDED, "new", ink.added),
        Sign(REMOVED, "no longer there", ink.removed),
        Sign(UNKNOWN, "what was there before can no longer be read", ink.warn),
        Sign(f"{OPEN} {CLOSED}", "open, folded", ink.dim),
        Sign(NOW, "in a history or the overview: what holds at the cursor", ink.accent),
    ]
