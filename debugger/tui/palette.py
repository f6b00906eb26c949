"""Colours and letters: what a message family looks like, with and without colour."""

from __future__ import annotations

from typing import Final, NamedTuple

from rich.style import Style
from textual.theme import Theme

from backend.events import Family


class Look(NamedTuple):
    """How a family is shown: never by colour alone, ``letter`` says the same."""

    letter: str
    colour: str
    about: str


LOOKS: Final = {
    Family.STT: Look("S", "#6cb6ff", "speech to text"),
    Family.LLM: Look("L", "#8ddb8c", "language model"),
    Family.TTS: Look("T", "#f6a04d", "text to speech"),
    Family.QUEUE: Look("Q", "#c297ff", "text queue"),
    Family.ERROR: Look("E", "#ff7b72", "error"),
    Family.SYSTEM: Look("·", "#8b95a7", "system"),
}

FOREGROUND: Final = "#c9d1d9"
MUTED: Final = "#7d8799"
FAINT: Final = "#4a5366"
ACCENT: Final = "#79c0ff"
RED: Final = LOOKS[Family.ERROR].colour
GREEN: Final = LOOKS[Family.LLM].colour
YELLOW: Final = "#e3c26d"
BACKGROUND: Final = "#0e1116"
SURFACE: Final = "#12161d"
RAISED: Final = "#1b212b"
CURSOR: Final = "#26364d"
CURSOR_UNFOCUSED: Final = "#1e2733"

THEME: Final = Theme(
    name="doubletalk",
    primary=ACCENT,
    secondary="#c297ff",
    warning=YELLOW,
    error=RED,
    success=GREEN,
    accent=ACCENT,
    foreground=FOREGROUND,
    background=BACKGROUND,
    surface=SURFACE,
    panel=RAISED,
    dark=True,
    variables={
        "border": FAINT,
        "scrollbar": "#2a3240",
        "scrollbar-hover": "#3a4557",
        "scrollbar-active": ACCENT,
        "scrollbar-background": BACKGROUND,
        "scrollbar-background-hover": BACKGROUND,
        "scrollbar-background-active": BACKGROUND,
        "scrollbar-corner-color": BACKGROUND,
        "muted": MUTED,
        "faint": FAINT,
    },
)

PLAIN: Final = Style(color=FOREGROUND)
DIM: Final = Style(color=MUTED)
DIMMER: Final = Style(color=FAINT)
BOLD: Final = Style(color=FOREGROUND, bold=True)
KEY: Final = Style(color=ACCENT, bold=True)
BAD: Final = Style(color=RED, bold=True)
WARN: Final = Style(color=YELLOW)
GOOD: Final = Style(color=GREEN)

STYLES: Final = {family: Style(color=look.colour) for family, look in LOOKS.items()}
"""A style for each family."""

ADDED: Final = Style(color=GREEN)
CHANGED: Final = Style(color=YELLOW)
REMOVED: Final = Style(color=RED)
