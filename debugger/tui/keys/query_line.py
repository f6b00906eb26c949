"""Keys in the query line."""

from __future__ import annotations

from typing import Final

from debugger.tui.keys.key import Key, Where

KEYS: Final = (
    Key(("enter",), "keep", "keep it, or do it", Where.FILTER),
    Key(("escape", "ctrl+g"), "revert", "leave; all is as it was before", Where.FILTER),
    Key(
        ("tab",),
        "complete(1)",
        "take what could follow; again: the next of it",
        Where.FILTER,
        name="query.complete",
    ),
    Key(("shift+tab",), "complete(-1)", "take the last of it; again: the one before", Where.FILTER),
    Key(("up", "ctrl+p"), "older(1)", "what was typed here before", Where.FILTER),
    Key(("down", "ctrl+n"), "older(-1)", "what was typed after that", Where.FILTER),
    Key(("ctrl+s",), "save", "keep the query for later", Where.FILTER),
)
