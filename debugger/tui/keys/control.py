"""Keys of live control: anywhere, and in the list of what is held."""

from __future__ import annotations

from typing import Final

from debugger.tui.keys.key import Key, Where

KEYS: Final = (
    Key(("P", "f8"), "hold_bus", "take control and pause the bus; paused: let it run on", Where.HOLD),
    Key(("S", "f10"), "step_bus('delivery')", "paused: let the next delivery go", Where.HOLD),
    Key(("U", "f11"), "step_bus('turn')", "paused: run until the turn changes or ends", Where.HOLD),
    Key(("W", "f9"), "break_where('pause')", "break: pause the bus where a condition holds", Where.HOLD),
    Key(("Q", "f7"), "break_where('hold')", "break: hold only what a condition is about", Where.HOLD),
    Key(("F",), "break_on_findings", "pause when something went wrong; again: no more", Where.HOLD),
    Key(("X",), "let_go", "let go of the bus: all runs on, no breaks, no delays", Where.HOLD),
    Key(("7",), "held", "what is held", Where.HOLD),
    Key(("down", "j"), "line(1)", "line down", Where.HELD),
    Key(("up", "k"), "line(-1)", "line up", Where.HELD),
    Key(("pagedown", "ctrl+d"), "page(1)", "page down", Where.HELD),
    Key(("pageup", "ctrl+u"), "page(-1)", "page up", Where.HELD),
    Key(("g", "home"), "edge(0)", "first line", Where.HELD),
    Key(("G", "end"), "edge(1)", "last line", Where.HELD),
    Key(
        ("space",),
        "choose",
        "choose it, or no longer: in the order of their release",
        Where.HELD,
        "choose",
        1,
    ),
    Key(("r",), "release", "let go what is chosen, in its order, or this one", Where.HELD, "release", 2),
    Key(
        ("b",),
        "hold",
        "hold back what is chosen, or this one, when the rest runs",
        Where.HELD,
        "hold back",
        3,
    ),
    Key(
        ("d", "delete"),
        "drop",
        "drop what is chosen, or this one, after a second press; take a break or a delay away",
        Where.HELD,
        "drop",
        4,
    ),
    Key(("enter",), "go", "to the message's event; change a break, a delay", Where.HELD, "go there", 5),
    Key(("i",), "screen.inject", "publish a message: at first the cursor's", Where.HELD, "inject", 6),
    Key(("a",), "screen.delay", "delay what goes to a component; 0 takes it away", Where.HELD, "delay", 7),
    Key(("p",), "screen.pace", "how fast the voice plays", Where.HELD, "pace", 8),
    Key(("escape", "x"), "unchoose", "nothing chosen", Where.HELD),
)
