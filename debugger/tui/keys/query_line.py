"""Keys in the filter line."""

from __future__ import annotations

from typing import Final

from debugger.tui.keys.key import Key, Where

KEYS: Final = (
    Key(("enter",), "keep", "keep the filter", Where.FILTER),
    Key(("escape", "ctrl+g"), "revert", "the filter as it was before", Where.FILTER),
)
