"""What the timeline is drawn with, and what it means."""

from __future__ import annotations

from typing import Final

from rich.style import Style

from backend.events import Family
from debugger.tui.legend import Sign
from debugger.tui.palette import LOOKS, ink
from debugger.tui.units import times

HANDLER, TASK = "━", "─"
SENT: Final = "●"
AHEAD: Final = "╌"
DOWN, UP = "▼", "▲"
ACROSS, GUESSED = "│", "┆"
BEFORE, AFTER = "◂", "▸"
FAILED, CANCELLED = "✗", "⊘"
GAP: Final = "┋"
HERE, CHOSEN = "•", "▸"
LEVELS: Final = "▁▂▃▄▅▆▇█"
FIRST, SECOND = "A", "B"
NOT_AHEAD, NOT_ACROSS, NOTHING = "┈", "┊", "╳"  # noqa: RUF001 - a cross is meant
WENT_WRONG, COULD = "✗", "?"


def legend() -> list[Sign]:
    """The signs of the timeline."""
    letter, colour = LOOKS[Family.LLM].letter, ink.families[Family.LLM]
    return [
        Sign(HERE, "the lane of the event at the cursor", ink.bold),
        Sign(CHOSEN, "the chosen lane", ink.key),
        Sign(
            f"{HANDLER}{letter}{HANDLER * 3}",
            "a handler runs; the letter is the family of its message",
            colour,
        ),
        Sign(TASK * 4, "a task runs", ink.dim),
        Sign(FAILED, "at its end: it failed", ink.bad),
        Sign(CANCELLED, "at its end: it was cancelled", ink.warn),
        Sign(LEVELS[1] + LEVELS[4] + LEVELS[7], "several events in a cell: the higher, the more", colour),
        Sign(
            f"{LEVELS[4]}{times(56)}",
            "and their number, where there is room; in causal order it is a run of local events",
            colour,
        ),
        Sign(
            " THINKING ",
            "the state of the lane from there on; IDLE has no ground",
            Style(bgcolor=ink.colours.raised) + ink.dim,
        ),
        Sign(
            f"{SENT}{AHEAD}{AHEAD}{DOWN}",
            "the message at the cursor: sent, and where it arrived",
            colour + ink.bold,
        ),
        Sign(f"{ACROSS} {DOWN} {UP}", "a message from one lane to another", ink.dimmer),
        Sign(GUESSED, "a message whose sender the log does not tell: the only one there is", ink.dimmer),
        Sign(
            f"{SENT}{AHEAD}{AHEAD}",
            "in another colour: it arrived before it was sent, as clocks differ",
            ink.warn,
        ),
        Sign(f"{BEFORE} {AFTER}", "it arrives outside of the window", ink.dim),
        Sign(GAP, "events are missing here", ink.warn),
        Sign(WENT_WRONG, "over the lanes: something went wrong here, as a rule says", ink.bad),
        Sign(COULD, "over the lanes: it went right here, but nothing orders it", ink.warn),
        Sign(f"{FIRST} {SECOND}", "the two events of the chosen finding", ink.warn + ink.on_cursor),
        Sign(
            f"{NOT_AHEAD}{NOTHING}{NOT_AHEAD}{NOT_ACROSS}",
            "the edge that is missing: with it, the two would be ordered",
            ink.warn,
        ),
    ]
