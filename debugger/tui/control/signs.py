"""What the signs of what is held mean. What they are is in `view`."""

from __future__ import annotations

from debugger.tui.control.view import ABOUT, ALONE, DISARMED, GLYPHS, NEXT
from debugger.tui.legend import Sign
from debugger.tui.palette import ink


def legend() -> list[Sign]:
    """The signs of what is held."""
    return [
        *(Sign(GLYPHS[kind], about, ink.bold) for kind, about in ABOUT.items()),
        Sign(NEXT, "before a delivery: the next to go", ink.key),
        Sign(ALONE, "a delivery that is held back: it stays when the rest runs", ink.warn),
        Sign("1 2 3", "before deliveries: chosen, in the order of their release", ink.key),
        Sign(DISARMED, "a break whose condition failed: it is disarmed", ink.bad),
    ]
