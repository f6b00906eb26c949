"""Keys in the command palette. Letters are what is searched for."""

from __future__ import annotations

from typing import Final

from debugger.tui.keys.key import Key, Where

KEYS: Final = (
    Key(("down", "ctrl+n", "tab"), "move(1)", "the next command", Where.COMMANDS),
    Key(("up", "ctrl+b", "shift+tab"), "move(-1)", "the command before", Where.COMMANDS),
    Key(("pagedown",), "page(1)", "page down", Where.COMMANDS),
    Key(("pageup",), "page(-1)", "page up", Where.COMMANDS),
    Key(("enter",), "choose", "run the command", Where.COMMANDS),
    Key(("ctrl+r",), "forget", "forget the saved query; again: keep it after all", Where.COMMANDS, "forget"),
    Key(("escape", "ctrl+p", "ctrl+g"), "close", "close", Where.COMMANDS),
)
