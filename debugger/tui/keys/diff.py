"""Keys in the comparison of two recordings."""

from __future__ import annotations

from typing import Final

from debugger.tui.keys.key import Key, Where

KEYS: Final[tuple[Key, ...]] = (
    Key(("down", "j"), "move(1)", "next line", Where.DIFF),
    Key(("up", "k"), "move(-1)", "previous line", Where.DIFF),
    Key(("pagedown", "ctrl+d", "space"), "page(1)", "page down", Where.DIFF),
    Key(("pageup", "ctrl+u"), "page(-1)", "page up", Where.DIFF),
    Key(("g", "home"), "edge(0)", "first line", Where.DIFF),
    Key(("G", "end"), "edge(1)", "last line", Where.DIFF),
    Key(
        ("n", "right", "l"), "difference(1)", "next difference, in the next turns too", Where.DIFF, "next", 1
    ),
    Key(("N", "left", "h"), "difference(-1)", "previous difference", Where.DIFF, "previous", 2),
    Key(("right_square_bracket",), "turn(1)", "next turn", Where.DIFF, "turn", 3),
    Key(("left_square_bracket",), "turn(-1)", "previous turn", Where.DIFF),
    Key(("1",), "divergence", "where the recordings part", Where.DIFF, "first divergence", 4),
    Key(("c",), "counterpart", "to the counterpart of what moved", Where.DIFF, "counterpart", 6),
    Key(("enter",), "fold", "open or fold what is equal", Where.DIFF, "fold", 5),
    Key(("o",), "unfold_all", "open or fold all that is equal", Where.DIFF),
    Key(("tab",), "pane(1)", "next part: turns, events, detail", Where.DIFF),
    Key(("shift+tab",), "pane(-1)", "previous part", Where.DIFF),
    Key(("z",), "maximise", "the events alone, or all parts", Where.DIFF),
    Key(("question_mark", "f1"), "help", "these keys", Where.DIFF, "help", 7),
    Key(("q", "escape"), "leave", "quit; exit code 1: they differ", Where.DIFF, "quit", 8),
    Key(("ctrl+c",), "interrupt", "break off; exit code 130", Where.DIFF),
)
