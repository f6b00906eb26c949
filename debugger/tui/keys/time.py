"""Keys of time."""

from __future__ import annotations

from typing import Final

from debugger.tui.keys.key import Key, Where

KEYS: Final = (
    Key(("space",), "play", "replay: play or stop; live: pause or follow", Where.TIME, "play", 1),
    Key(("plus", "equals_sign"), "speed(1)", "replay: faster", Where.TIME),
    Key(("minus",), "speed(-1)", "replay: slower", Where.TIME),
)
