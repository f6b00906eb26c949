"""What the signs of the turns mean. What they are is in `model` and `bar`, where they are painted from."""

from __future__ import annotations

from typing import Final

from debugger.tui.legend import Sign
from debugger.tui.palette import ink
from debugger.tui.turns.bar import CUT, NOTHING, SPARKS
from debugger.tui.turns.model import AT_CURSOR, CHOSEN, GLYPHS, STAGES
from debugger.tui.turns.paint import status_style

_BECAME: Final = {
    "ok": "answered, up to the end",
    "interrupted": "the user spoke in between; it does not count in the percentiles",
    "failed": "failed; instead of the answer it says why, and does not count",
    "cancelled": "cancelled; it does not count",
    "open": "not at its end yet",
}


def legend() -> list[Sign]:
    """The signs of the turns."""
    return [
        Sign(AT_CURSOR, "the turn of the event at the cursor", ink.accent),
        Sign(CHOSEN, "the chosen turn, if that is another one", ink.accent),
        *(Sign(GLYPHS[status].strip(), about, status_style(status)) for status, about in _BECAME.items()),
        *(
            Sign(
                look.letter + look.block.strip() * 3,
                f"in a bar: waited for {look.name}",
                ink.families[look.family],
            )
            for name, look in STAGES.items()
            if name != "end"
        ),
        Sign(CUT, "a bar that is longer than there is room", ink.warn),
        Sign("clock?", "clocks of several machines contradict each other: it does not count", ink.dim),
        Sign(
            f"{SPARKS[0]}{SPARKS[4]}{SPARKS[7]}{NOTHING}",
            "waits of the turns in their order; a dot is not counted",
            ink.accent,
        ),
    ]
