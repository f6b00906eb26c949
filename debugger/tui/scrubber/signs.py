"""What the scrubber is drawn with, and what it means."""

from __future__ import annotations

from typing import Final

from debugger.tui.legend import Sign
from debugger.tui.palette import ink
from debugger.tui.scrubber.model import LEVELS

CURSOR: Final = "┃"
NOTHING: Final = "·"
MARK: Final = "◆"
WRONG, COULD, REPORTED = "✗", "?", "!"


def legend() -> list[Sign]:
    """The signs of the scrubber."""
    return [
        Sign(CURSOR, "the cursor, in the whole recording", ink.inverse(ink.colours.accent)),
        Sign(LEVELS[1] + LEVELS[4] + LEVELS[8], "how much happened then: the higher, the more", ink.accent),
        Sign(NOTHING, "nothing happened then", ink.dimmer),
        Sign(MARK, "a bookmark", ink.key),
        Sign(WRONG, "something went wrong then, as a rule says", ink.bad),
        Sign(REPORTED, "the program itself reports an error", ink.bad),
        Sign(COULD, "it went right, but nothing orders it: a warning", ink.warn),
    ]
