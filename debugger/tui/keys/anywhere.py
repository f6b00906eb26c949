"""Keys that work everywhere."""

from __future__ import annotations

from typing import Final

from debugger.tui.keys.key import Key, Where

KEYS: Final = (
    Key(
        ("ctrl+p",),
        "palette",
        "the command palette: whatever can be done, by its name",
        Where.ANYWHERE,
        "commands",
        13,
    ),
    Key(("question_mark",), "help", "this help", Where.ANYWHERE, "help", 8),
    Key(("q", "ctrl+c"), "quit", "quit", Where.ANYWHERE, "quit", 9),
)
