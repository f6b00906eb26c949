"""Keys in the component graph."""

from __future__ import annotations

from typing import Final

from debugger.tui.keys.key import Key, Where

KEYS: Final = (
    Key(("up", "k"), "select('up')", "component above", Where.GRAPH),
    Key(("down", "j"), "select('down')", "component below", Where.GRAPH),
    Key(("left", "h"), "select('left')", "component to the left", Where.GRAPH),
    Key(("right", "l"), "select('right')", "component to the right", Where.GRAPH),
    Key(("escape", "u"), "unselect", "no component; the state follows the cursor", Where.GRAPH),
)
