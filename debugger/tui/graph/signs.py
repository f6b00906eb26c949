"""What the graph is drawn with, and what it means."""

from __future__ import annotations

from typing import Final

from backend.events import Family
from debugger.tui.legend import Sign
from debugger.tui.palette import LOOKS, ink

LIGHT: Final = "╭─╮│╰╯"
DOUBLE: Final = "╔═╗║╚╝"
HEAVY: Final = "┏━┓┃┗┛"
"""Frames: corners and sides."""

FAILING: Final = "!"
HOT: Final = "▲"
LOOPS: Final = "↻"
BUSY: Final = "▶"
SENT: Final = "→"
RECEIVED: Final = "←"
CHOSEN: Final = "▸"
BARS: Final = "▁▂▃▄▅▆▇█"

IDLE_LINE, USED_LINE, HEAVY_LINE, CURSOR_LINE = "┆┄╰╯╭╮", "│─╰╯╭╮", "┃━┗┛┏┓", "║═╚╝╔╗"
"""Lines between boxes: upright, level, corners."""


def legend() -> list[Sign]:
    """The signs of the graph."""
    family = LOOKS[Family.TTS].letter
    colour = ink.families[Family.TTS]
    return [
        Sign(HEAVY[:3], "the component of the event at the cursor", ink.accent),
        Sign(DOUBLE[:3], "the chosen component; those that it has nothing to do with are dimmed", ink.accent),
        Sign(LIGHT[:3], "another component, with its state in it", ink.dim),
        Sign(FAILING, "it failed lately, or sent an error", ink.bad),
        Sign(f"{FAILING}  2 err", "so many errors up to here", ink.bad),
        Sign(HOT, "much more happens there than elsewhere", ink.warn),
        Sign(f"{HOT}7", "so many items in its queue, and more and more", ink.warn),
        Sign(LOOPS, "it sends messages to itself", ink.plain),
        Sign(BUSY, "it handles this message, for so long already", ink.plain),
        Sign(f"{SENT}8 {RECEIVED}2", "messages that it sent and received up to here", ink.dim),
        Sign(
            BARS[0] + BARS[3] + BARS[7],
            "how much it did lately; how long that is stands in the frame",
            ink.accent,
        ),
        Sign(IDLE_LINE[1] * 3, "a line on which there was nothing lately", ink.dimmer),
        Sign(USED_LINE[1] * 3, "a line with messages, in the colour of their family", colour),
        Sign(HEAVY_LINE[1] * 3, "a line with many more than others", colour),
        Sign(
            f"{USED_LINE[1]}{family}72{USED_LINE[1]}",
            "the letter of that family, and how many messages lately",
            colour,
        ),
        Sign(
            f"{CURSOR_LINE[1] * 2}▶",
            "the way of the message at the cursor, and where it went",
            colour + ink.bold,
        ),
        Sign(family, "on a line: a message that moves, as the cursor passes it", ink.chips[Family.TTS]),
        Sign(
            f"{SENT}{family} {RECEIVED}{family}",
            "in the short list: sent, received the message at the cursor",
            colour,
        ),
        Sign(CHOSEN, "in the short list: the chosen component", ink.key),
    ]
