"""Keys in the list of turns."""

from __future__ import annotations

from typing import Final

from debugger.tui.keys.key import Key, Where

KEYS: Final = (
    Key(("j", "down"), "line(1)", "turn below", Where.TURNS),
    Key(("k", "up"), "line(-1)", "turn above", Where.TURNS),
    Key(("l", "right"), "milestone(1)", "to the turn's next milestone", Where.TURNS),
    Key(("h", "left"), "milestone(-1)", "to its milestone before", Where.TURNS),
    Key(("pagedown", "ctrl+d"), "page(1)", "page down", Where.TURNS),
    Key(("pageup", "ctrl+u"), "page(-1)", "page up", Where.TURNS),
    Key(("g", "home"), "edge(0)", "first line", Where.TURNS),
    Key(("G", "end"), "edge(1)", "last line", Where.TURNS),
    Key(("enter",), "go", "to where the turn begins", Where.TURNS, "go there", 1),
    Key(("w",), "why", "to the event that shows how the turn ended", Where.TURNS, "why", 2),
    Key(("v",), "follow", "follow this turn through all panes, or no longer", Where.TURNS, "follow", 3),
    Key(("o",), "order", "slowest first, or in the order of time", Where.TURNS, "slowest", 4),
    Key(("i",), "detail", "below: breakdown, percentiles, histogram, handlers", Where.TURNS, "detail", 5),
)
