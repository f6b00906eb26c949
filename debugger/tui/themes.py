"""The themes: dark, light, and both with high contrast. What a theme may be is held by its tests."""

from __future__ import annotations

from typing import Any, Final, Protocol, runtime_checkable

from textual.app import App

from debugger.tui.palette import DARK, Colours, ink, textual_theme

LIGHT: Final = Colours(
    name="doubletalk-light",
    dark=False,
    foreground="#1c2128",
    muted="#525b68",
    faint="#848d9b",
    accent="#0a52ab",
    red="#b40f22",
    green="#11621b",
    yellow="#7a5200",
    background="#fdfdfd",
    surface="#f4f6f9",
    raised="#e9edf3",
    cursor="#cfe0f5",
    cursor_unfocused="#e4eaf2",
    scrollbar="#c3cbd6",
    border_focused="#3d78bf",
    stt="#0758b8",
    llm="#14691f",
    tts="#944600",
    queue="#7a34c2",
    error="#bf1326",
    system="#565e6b",
)

# The families of the next two are as far apart as they get for who sees no difference of red and
# green: by lightness where the hue does not tell.
HIGH_CONTRAST: Final = Colours(
    name="high-contrast",
    dark=True,
    foreground="#ffffff",
    muted="#d6d6d6",
    faint="#a6a6a6",
    accent="#8fd0ff",
    red="#ff8a80",
    green="#7dff8a",
    yellow="#ffe14d",
    background="#000000",
    surface="#0c0c0c",
    raised="#1c1c1c",
    cursor="#00005f",
    cursor_unfocused="#1c1c1c",
    scrollbar="#5f5f5f",
    border_focused="#ffe14d",
    stt="#55aeff",
    llm="#cdfbd4",
    tts="#ffa50e",
    queue="#ebb5fd",
    error="#ff8579",
    system="#aaaaaa",
)

HIGH_CONTRAST_LIGHT: Final = Colours(
    name="high-contrast-light",
    dark=False,
    foreground="#000000",
    muted="#2e2e2e",
    faint="#4a4a4a",
    accent="#003a8c",
    red="#8a0000",
    green="#0a4a12",
    yellow="#5a3a00",
    background="#ffffff",
    surface="#f7f7f7",
    raised="#ececec",
    cursor="#dcebff",
    cursor_unfocused="#f0f0f0",
    scrollbar="#8a8a8a",
    border_focused="#00286b",
    stt="#022b54",
    llm="#063711",
    tts="#562b00",
    queue="#771888",
    error="#9a0600",
    system="#1e1e1e",
)

THEMES: Final = {colours.name: colours for colours in (DARK, LIGHT, HIGH_CONTRAST, HIGH_CONTRAST_LIGHT)}
"""By their names, in the order in which they are offered."""

ABOUT: Final = {
    DARK.name: "dark",
    LIGHT.name: "light",
    HIGH_CONTRAST.name: "high contrast, dark",
    HIGH_CONTRAST_LIGHT.name: "high contrast, light",
}


@runtime_checkable
class Restyled(Protocol):
    """A widget that keeps what it painted."""

    def restyle(self) -> None:
        """Paint anew: the colours are others."""
        ...


def apply_theme(app: App[Any], name: str) -> bool:
    """Show the application in a theme; False, and nothing is changed, if there is none of that name.

    Works before the application runs, too: call it before its style sheets are read.
    """
    colours = THEMES.get(name)
    if colours is None:
        return False
    for one in THEMES.values():
        app.register_theme(textual_theme(one))
    ink.use(colours)
    app.theme = name
    if app.is_running:
        for screen in app.screen_stack:
            for widget in screen.walk_children(with_self=True):
                if isinstance(widget, Restyled):
                    widget.restyle()
            screen.refresh()
    return True
