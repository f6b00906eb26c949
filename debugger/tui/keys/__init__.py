"""The keys of the interface: a file for each part of the screen, one table of all.

`TABLE` is how the keys come; `current` are those in force, with the user's own.
"""

from __future__ import annotations

from debugger.tui.keys.key import Key, Where
from debugger.tui.keys.table import APP, FOCUSING, TABLE, bar, bindings
from debugger.tui.keys.user import apply_keys, current

__all__ = ["APP", "FOCUSING", "TABLE", "Key", "Where", "apply_keys", "bar", "bindings", "current"]
