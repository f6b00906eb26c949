"""Keys in the timeline."""

from __future__ import annotations

from typing import Final

from debugger.tui.keys.key import Key

KEYS: Final[tuple[Key, ...]] = ()
