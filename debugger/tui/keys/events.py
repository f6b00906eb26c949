"""Keys in the event table."""

from __future__ import annotations

from typing import Final

from debugger.tui.keys.key import Key, Where

KEYS: Final = (Key(("C",), "screen.columns", "choose the columns", Where.EVENTS, "columns", 3),)
