"""Colours and letters: what a message family looks like, with and without colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from rich.style import Style
from textual.theme import Theme

from backend.events import Family


class Look(NamedTuple):
    """How a family is told: never by colour alone, ``letter`` says the same."""

    letter: str
    about: str


LOOKS: Final = {
    Family.STT: Look("S", "speech to text"),
    Family.LLM: Look("L", "language model"),
    Family.TTS: Look("T", "text to speech"),
    Family.QUEUE: Look("Q", "text queue"),
    Family.ERROR: Look("E", "error"),
    Family.SYSTEM: Look("·", "system"),
}


@dataclass(frozen=True, slots=True)
class Colours:
    """The colours of a theme, as ``#rrggbb``; the last six are those of the families, by their names.

    ``faint`` is for lines and for what is dimmed on purpose; everything else is read.
    """

    name: str
    dark: bool
    foreground: str
    muted: str
    faint: str
    accent: str
    red: str
    green: str
    yellow: str
    background: str
    surface: str
    raised: str
    cursor: str
    cursor_unfocused: str
    scrollbar: str
    border_focused: str
    stt: str
    llm: str
    tts: str
    queue: str
    error: str
    system: str

    def family(self, family: Family) -> str:
        """The colour of a family."""
        colour: str = getattr(self, family.name.lower())
        return colour


DARK: Final = Colours(
    name="doubletalk",
    dark=True,
    foreground="#c9d1d9",
    muted="#8c97aa",
    faint="#5f6a82",
    accent="#79c0ff",
    red="#ff7b72",
    green="#8ddb8c",
    yellow="#e3c26d",
    background="#0e1116",
    surface="#12161d",
    raised="#1b212b",
    cursor="#1e2c42",
    cursor_unfocused="#1e2733",
    scrollbar="#2a3240",
    border_focused="#5b9bd8",
    stt="#6cb6ff",
    llm="#8ddb8c",
    tts="#f6a04d",
    queue="#c297ff",
    error="#ff7b72",
    system="#959fb1",
)


class Ink:
    """The styles of the theme in use: read them when painting, never keep them.

    Whoever caches what was painted drops it when the application's theme changes.
    """

    def __init__(self, colours: Colours) -> None:
        self.use(colours)

    def use(self, colours: Colours) -> None:
        """Paint with other colours from now on."""
        self.colours = colours
        self.plain = Style(color=colours.foreground)
        self.dim = Style(color=colours.muted)
        self.dimmer = Style(color=colours.faint)
        self.bold = Style(color=colours.foreground, bold=True)
        self.accent = Style(color=colours.accent)
        self.key = Style(color=colours.accent, bold=True)
        self.bad = Style(color=colours.red, bold=True)
        self.warn = Style(color=colours.yellow)
        self.good = Style(color=colours.green)
        self.added = Style(color=colours.green)
        self.changed = Style(color=colours.yellow)
        self.removed = Style(color=colours.red)
        self.number = Style(color=colours.tts)
        self.word = Style(color=colours.queue)
        self.on_cursor = Style(bgcolor=colours.cursor)
        self.on_cursor_unfocused = Style(bgcolor=colours.cursor_unfocused)
        self.families = {family: Style(color=colours.family(family)) for family in Family}
        self.chips = {family: self.inverse(colours.family(family)) for family in Family}

    def inverse(self, colour: str) -> Style:
        """Bold text of the background's colour on `colour`."""
        return Style(color=self.colours.background, bgcolor=colour, bold=True)


ink: Final = Ink(DARK)
"""What everything is painted with; one terminal has one theme."""


def textual_theme(colours: Colours) -> Theme:
    """The same colours for Textual's style sheets."""
    return Theme(
        name=colours.name,
        primary=colours.accent,
        secondary=colours.queue,
        warning=colours.yellow,
        error=colours.red,
        success=colours.green,
        accent=colours.accent,
        foreground=colours.foreground,
        background=colours.background,
        surface=colours.surface,
        panel=colours.raised,
        dark=colours.dark,
        variables={
            "border": colours.faint,
            "border-focused": colours.border_focused,
            "scrollbar": colours.scrollbar,
            "scrollbar-hover": colours.faint,
            "scrollbar-active": colours.accent,
            "scrollbar-background": colours.background,
            "scrollbar-background-hover": colours.background,
            "scrollbar-background-active": colours.background,
            "scrollbar-corner-color": colours.background,
            "muted": colours.muted,
            "faint": colours.faint,
        },
    )
