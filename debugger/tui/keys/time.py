"""Keys of time."""

from __future__ import annotations

from typing import Final

from debugger.tui.keys.key import Key, Where

KEYS: Final = (
    Key(("space",), "play", "replay: play or stop; live: pause or follow", Where.TIME, "play", 1),
    Key(("full_stop", "plus", "equals_sign"), "speed(1)", "replay: faster", Where.TIME),
    Key(("comma", "minus"), "speed(-1)", "replay: slower", Where.TIME),
    Key(("r",), "run(1)", "run until a condition holds", Where.TIME, "run until", 14),
    Key(("R",), "run(-1)", "run back until a condition holds", Where.TIME),
    Key(("w",), "watch", "watch: beep and stop where a condition holds", Where.TIME, "watch", 15),
    Key(
        ("escape", "ctrl+g"),
        "halt",
        "stop what runs or loads; nothing selected, nothing followed",
        Where.TIME,
    ),
)
