"""The application: a session, what feeds it, and the clock that moves it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from textual.app import App
from textual.screen import Screen

from debugger.log.moment import MomentError, needs_all, row_of
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
    """Shows a `Session`. ``at`` puts the cursor on that moment (see `debugger.log.moment`) once it is there."""

    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    TITLE = "doubletalk"

    def __init__(self, session: Session, feeder: Feeder | None = None, *, at: str = "") -> None:
        super().__init__()
        theme = palette.textual_theme(palette.DARK)
        self.register_theme(theme)  # now: the style sheet refers to its variables
        self.theme = theme.name
        self.session = session
        self._feeder = feeder
        self._wanted = at
        self._looked_at = (0, True)
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
        """Go to the moment that was asked for on the command line."""
        session = self.session
        loading = session.progress is not None
        known = (len(session.log), loading)
        if not self._wanted or known == self._looked_at or (loading and needs_all(self._wanted)):
            return
        self._looked_at = known
        try:
            row = row_of(session.log, self._wanted, 0)
        except MomentError as error:
            if not loading:
                session.say(str(error), bad=True)
            return
        self._wanted = ""
        session.seek(row)

    def on_unmount(self) -> None:
        """Stop what feeds."""
        if self._feeder is not None:
            self._feeder.stop()
