"""The application: a session, what feeds it, and the clock that moves it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from textual.app import App
from textual.screen import Screen

from debugger.tui import palette
from debugger.tui.screen import MainScreen
from debugger.tui.session import Session

SYNC_SECONDS: Final = 0.1
"""How often panes look at the session by themselves. Keys do not wait for it."""

PLAY_SECONDS: Final = 1 / 15


class Feeder(Protocol):
    """What brings events into the session while the application runs."""

    def start(self, app: DebuggerApp) -> None:
        """Begin, with workers of the application."""
        ...

    def stop(self) -> None:
        """End; the application is closing."""
        ...


class DebuggerApp(App[None]):
    """Shows a `Session`. ``at_seq`` puts the cursor on that event as soon as it is there."""

    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    TITLE = "doubletalk"

    def __init__(self, session: Session, feeder: Feeder | None = None, *, at_seq: int | None = None) -> None:
        super().__init__()
        theme = palette.textual_theme(palette.DARK)
        self.register_theme(theme)  # now: the style sheet refers to its variables
        self.theme = theme.name
        self.session = session
        self._feeder = feeder
        self._wanted_seq = at_seq
        self._looked_at = 0
        self.on_started: Callable[[], None] | None = None

    def get_default_screen(self) -> Screen[None]:
        """The panes."""
        return MainScreen(self.session)

    def on_mount(self) -> None:
        """Begin to feed, begin to look."""
        if self._feeder is not None:
            self._feeder.start(self)
        self._playing = self.set_interval(PLAY_SECONDS, self._tick, pause=True)
        self.set_interval(SYNC_SECONDS, self._tick)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self._tick()
        if self.on_started is not None:
            self.on_started()

    def _tick(self) -> None:
        session = self.session
        session.tick()
        self._find_wanted()
        # The panes are kept up to date behind an open event too.
        for screen in self.screen_stack:
            if isinstance(screen, MainScreen):
                screen.sync()
        if session.playback.playing:
            self._playing.resume()
        else:
            self._playing.pause()

    def _find_wanted(self) -> None:
        """Go to the event that was asked for on the command line."""
        log = self.session.log
        if self._wanted_seq is None or len(log) == self._looked_at:
            return
        self._looked_at = len(log)
        row = log.find(None, self._wanted_seq)
        if row is not None:
            self._wanted_seq = None
            self.session.seek(row)
        elif self.session.progress is None:
            self.session.say(f"no event #{self._wanted_seq}", bad=True)

    def on_unmount(self) -> None:
        """Stop what feeds."""
        if self._feeder is not None:
            self._feeder.stop()
