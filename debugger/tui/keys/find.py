"""Keys that find."""

from __future__ import annotations

from typing import Final

from debugger.tui.keys.key import Key, Where

KEYS: Final = (
    Key(("enter",), "open", "open the event", Where.FIND, "open", 2),
    Key(("slash",), "filter", "filter the events", Where.FIND, "filter", 3),
    Key(
        ("f",),
        "filter_component",
        "only the events of this component, or all again",
        Where.FIND,
        "only this",
        10,
    ),
    Key(("x",), "clear_filter", "no filter", Where.FIND),
    Key(
        ("s",),
        "pin",
        "keep this component's state in view, or follow the cursor again",
        Where.FIND,
        "pin",
        7,
    ),
)
