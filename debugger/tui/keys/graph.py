"""Keys in the component graph."""

from __future__ import annotations

from typing import Final

from debugger.tui.keys.key import Key, Where

KEYS: Final = (
    Key(("up", "k"), "select('up')", "component above", Where.GRAPH),
    Key(("down", "j"), "select('down')", "component below", Where.GRAPH),
    Key(("left", "h"), "select('left')", "component to the left", Where.GRAPH),
    Key(("right", "l"), "select('right')", "component to the right", Where.GRAPH),
    Key(
        ("enter", "f"),
        "screen.filter_component",
        "only the events of the chosen component, or all again",
        Where.GRAPH,
        "only its events",
        1,
    ),
    Key(
        ("b",),
        "view",
        "messages over the bus, or straight from publisher to receiver",
        Where.GRAPH,
        "without the bus",
        2,
    ),
    Key(("u", "escape"), "unselect", "no component; the state follows the cursor", Where.GRAPH, "let go", 3),
)
