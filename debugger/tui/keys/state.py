"""Keys in the state: its tree, the history of a field, the overview of all components.

Some have another sense outside of the pane (``w``, ``d``, ``D``, ``i``, ``o``, ``O``): there they
are about events, here about the field or the component that is chosen.
"""

from __future__ import annotations

from typing import Final

from debugger.tui.keys.key import Key, Where

KEYS: Final = (
    Key(("down", "j"), "line(1)", "line down", Where.STATE),
    Key(("up", "k"), "line(-1)", "line up", Where.STATE),
    Key(("pagedown", "ctrl+d"), "page(1)", "page down", Where.STATE),
    Key(("pageup", "ctrl+u"), "page(-1)", "page up", Where.STATE),
    Key(("g", "home"), "edge(0)", "first line", Where.STATE),
    Key(("G", "end"), "edge(1)", "last line", Where.STATE),
    Key(("enter", "right", "l"), "unfold", "unfold, or fold; in a list, go there", Where.STATE),
    Key(("left", "h"), "fold", "fold, or go to the parent; out of a list", Where.STATE),
    Key(
        ("w",),
        "who",
        "who last changed this field; there, to the message it was handling",
        Where.STATE,
        "who",
        1,
    ),
    Key(("b", "shift+left"), "change(-1)", "change of this field before", Where.STATE, "change before", 2),
    Key(("B", "shift+right"), "change(1)", "next change of this field", Where.STATE, "change after", 3),
    Key(("i",), "history", "the history of this field, or back", Where.STATE, "history", 4),
    Key(("o",), "component(1)", "pin the next component that has a state", Where.STATE, "component", 5),
    Key(("O",), "component(-1)", "pin the component before", Where.STATE),
    Key(("u",), "release", "the cursor's component again", Where.STATE),
    Key(("A",), "overview", "all components, or back", Where.STATE, "all", 6),
    Key(("d",), "only_changed", "only what changed, or everything", Where.STATE, "changes", 7),
    Key(("D",), "base", "compare with this moment from now on; again: with the state before", Where.STATE),
    Key(("escape", "q"), "close", "out of a history or the overview", Where.STATE),
)
