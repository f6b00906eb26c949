"""Keys in the timeline."""

from __future__ import annotations

from typing import Final

from debugger.tui.keys.key import Key, Where

KEYS: Final = (
    Key(("up", "k"), "lane(-1)", "choose the lane above", Where.TIMELINE),
    Key(("down", "j"), "lane(1)", "choose the lane below", Where.TIMELINE),
    Key(("left", "h"), "along(-1)", "event before in the lane", Where.TIMELINE),
    Key(("right", "l"), "along(1)", "next event in the lane", Where.TIMELINE),
    Key(("escape", "u"), "unchoose", "no lane; h and l follow the cursor's", Where.TIMELINE),
    Key(("plus", "equals_sign"), "zoom(1)", "look closer, around the cursor", Where.TIMELINE, "closer", 1),
    Key(("minus",), "zoom(-1)", "look at more", Where.TIMELINE, "more", 2),
    Key(("a",), "whole", "the whole recording", Where.TIMELINE, "all", 3),
    Key(("L", "shift+right"), "pan(1)", "half a window to the right", Where.TIMELINE, "later", 6),
    Key(("H", "shift+left"), "pan(-1)", "half a window to the left", Where.TIMELINE, "earlier", 7),
    Key(("0",), "centre", "back to the cursor", Where.TIMELINE, "cursor", 8),
    Key(("b",), "lanes", "lanes by component, session, turn, worker, task", Where.TIMELINE, "lanes", 4),
    Key(("p",), "order", "by the clock, or in causal order", Where.TIMELINE, "causal order", 5),
)
