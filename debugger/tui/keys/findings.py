"""Keys in the findings."""

from __future__ import annotations

from typing import Final

from debugger.tui.keys.key import Key, Where

KEYS: Final = (
    Key(("j", "down"), "line(1)", "line down", Where.FINDINGS),
    Key(("k", "up"), "line(-1)", "line up", Where.FINDINGS),
    Key(("pagedown", "ctrl+d"), "page(1)", "page down", Where.FINDINGS),
    Key(("pageup", "ctrl+u"), "page(-1)", "page up", Where.FINDINGS),
    Key(("g", "home"), "edge(0)", "first line", Where.FINDINGS),
    Key(("G", "end"), "edge(1)", "last line", Where.FINDINGS),
    Key(("enter",), "go", "to its event; the timeline draws its two events", Where.FINDINGS, "go there", 1),
    Key(("i",), "look('why')", "why it is one, and what to do", Where.FINDINGS, "why", 2),
    Key(("a",), "moment('first')", "to the moment of A, the first of its two events", Where.FINDINGS, "A", 3),
    Key(("b",), "moment('second')", "to the moment of B, the second one", Where.FINDINGS, "B", 4),
    Key(("A",), "look('first')", "how A came about: its causal history", Where.FINDINGS, "history of A", 6),
    Key(("B",), "look('second')", "how B came about", Where.FINDINGS, "of B", 7),
    Key(("u",), "look('rule')", "what its rule says", Where.FINDINGS, "rule", 5),
    Key(("escape", "x"), "unchoose", "no finding on the timeline any more", Where.FINDINGS),
    Key(("d", "delete"), "drop", "take a watch or a bookmark away", Where.FINDINGS, "take away", 8),
)
