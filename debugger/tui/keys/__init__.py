"""The keys of the interface: a file for each part of the screen, one table of all."""

from __future__ import annotations

from debugger.tui.keys.key import Key, Where
from debugger.tui.keys.table import APP, FOCUSING, TABLE, bar, bindings

__all__ = ["APP", "FOCUSING", "TABLE", "Key", "Where", "bar", "bindings"]
