"""The application: a session, what feeds it, the clock that moves it, and what the user chose."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec
from textual import events
from textual.driver import Driver
from textual.filter import LineFilter, NoColor
from textual.screen import Screen
from textual.widgets import Input

from backend.errors import UserError
from debugger.log import NONE
from debugger.log.moment import MomentError, needs_all, row_of
from debugger.tui import pictures, plain, settings
from debugger.tui.collector import collect_between
from debugger.tui.commands import catalogue
from debugger.tui.commands.catalogue import Command, Sources
from debugger.tui.commands.screen import CommandPalette
from debugger.tui.findings.model import place
from debugger.tui.help.hint import FirstRunHint
from debugger.tui.keys.user import apply_keys, template
from debugger.tui.panes.arrangement import Arrangement
from debugger.tui.presses import PRESSES, noticing
from debugger.tui.rush import LOOK_SECONDS
from debugger.tui.screen import MainScreen
from debugger.tui.session import Session
from debugger.tui.settings import Settings
from debugger.tui.stillness import Stillness
from debugger.tui.text import safe_text
from debugger.tui.themes import THEMES, apply_theme
from debugger.tui.typed_ahead import KeysInOrder

SYNC_SECONDS: Final = 0.1
"""How often panes look at the session by themselves. Keys do not wait for it."""

LOADING_TICKS: Final = 3
"""Of so many looks, panes take one while a recording is loaded: a third of a core is better spent on that."""

PLAY_SECONDS: Final = 1 / 15

PIECE_SECONDS: Final = 0.004
"""Panes are brought up to date for so long at once. An idle session's are done in one piece."""


class Feeder(Protocol):
    """What brings events into the session while the application runs."""

    def start(self, app: DebuggerApp) -> None:
        """Begin, with workers of the application."""
        ...

    def stop(self) -> None:
        """End; the application is closing."""
        ...


class DebuggerApp(KeysInOrder):
    """Shows a `Session`. ``at`` puts the cursor on that moment (see `log.moment`) as soon as it is there.

    ``pane`` is what is looked at first. ``chosen`` is what the user chose before, and `folder` where it is
    remembered; without a folder nothing is. ``ascii_only`` paints no Unicode.
    """

    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    TITLE = "doubletalk"

    def __init__(
        self,
        session: Session,
        feeder: Feeder | None = None,
        *,
        at: str = "",
        pane: str = "",
        chosen: Settings | None = None,
        folder: Path | None = None,
        ascii_only: bool = False,
    ) -> None:
        super().__init__()
        self.session = session
        self.chosen = chosen or Settings(seen_hint=True)
        self._folder = folder
        self._feeder = feeder
        self._wanted = at
        self._pane = pane
        self._looked_at = (0, True)
        self._beeps = 0
        self._ticks = 0
        self._steps: deque[Callable[[], None]] = deque()  # of bringing the panes up to date
        self._waiting: list[Callable[[], None]] = []
        self._behind = 0.0  # when a key had the panes brought up to date
        self._pressed = time.monotonic()
        self._stillness = Stillness()
        self._filled = False  # the panes have shown events
        self._hint: FirstRunHint | None = None
        self.on_started: Callable[[], None] | None = None
        if not apply_theme(self, self.chosen.theme):  # now: the style sheet refers to its variables
            apply_theme(self, next(iter(THEMES)))
        self._edge: list[LineFilter] = [plain.AsciiFilter()] if ascii_only else []
        if self.no_color:
            self._edge.append(NoColor())  # Textual alone leaves shades of grey
        for problem in apply_keys(self, self.chosen.keys):
            session.say(problem, bad=True)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What every line passes on its way out: where there is no Unicode, ASCII is the last."""
        return [*super().get_line_filters(), *self._edge]

    def get_default_screen(self) -> Screen[None]:
        """The panes, as they were last."""
        try:
            arrangement = msgspec.convert(self.chosen.layout, Arrangement)
        except (msgspec.ValidationError, RecursionError):
            arrangement = Arrangement()
        screen = MainScreen(self.session, arrangement.checked())
        screen.events.columns = self.chosen.columns
        screen.typed.remember(self.chosen.history)
        return screen

    def on_mount(self) -> None:
        """Begin to feed, begin to look."""
        if not self.chosen.seen_hint:
            self._hint = FirstRunHint(self._seen_hint)
            self.screen.mount(self._hint)
        if self._feeder is not None:
            self._feeder.start(self)
        self._find_wanted()  # before any pane looks: they begin there
        self._playing = self.set_interval(PLAY_SECONDS, self._tick, pause=True)
        self.set_interval(SYNC_SECONDS, self._tick)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        if not self._has_panes:
            return
        if self._pane:
            self.main_screen.action_pane(self._pane)
        self._tick()
        if self.on_started is not None:
            self.on_started()

    @property
    def main_screen(self) -> MainScreen:
        """The screen with the panes, whatever is open over it."""
        return next(screen for screen in self.screen_stack if isinstance(screen, MainScreen))

    @property
    def _has_panes(self) -> bool:
        """Not any more while it closes: a last tick may come then."""
        return any(isinstance(screen, MainScreen) for screen in self.screen_stack)

    def _tick(self) -> None:
        session = self.session
        if not self._has_panes:
            return
        if session.rush.left:
            self._put_off(self._tick)
            return
        session.tick()
        self._find_wanted()
        if session.beeps != self._beeps:
            self._beeps = session.beeps
            self.bell()
        self._ticks += 1
        loading = session.progress is not None and not session.playback.playing
        if not (loading and self._filled and self._ticks % LOADING_TICKS):
            self._filled = session.cursor >= 0
            # The panes are kept up to date behind an open event too.
            # A key has just seen to that for all of them.
            now = time.monotonic()
            held = None if session.control is None else session.control.news
            happened = (len(session.log), session.cursor, session.progress, held, self._pressed, self.screen)
            # Tests look at the panes after a tick, whatever they changed.
            due = self._stillness.due(happened, now) or self.main_screen.rests.late or self.is_headless
            if due and not self._steps and now - self._behind >= SYNC_SECONDS:
                self._steps += self.main_screen.steps()
                self._go_on()
        if session.playback.playing:
            self._playing.resume()
        else:
            self._playing.pause()

    def _go_on(self) -> None:
        """Bring panes up to date for some milliseconds; after that, keys have their turn before the next."""
        ends = time.monotonic() + PIECE_SECONDS
        while not self.session.rush.left:
            if not self._steps:
                collect_between(time.monotonic() - self._pressed)
                return
            self._steps.popleft()()
            if time.monotonic() > ends:
                # By way of the loop, that looks for keys in between; and the thread that writes has its turn.
                asyncio.get_running_loop().call_soon(self.call_later, self._go_on)
                return
        self._put_off(self._go_on)

    def _put_off(self, what: Callable[[], None]) -> None:
        """Do something when the last key has been painted."""
        if what not in self._waiting:
            self._waiting.append(what)
            self.set_timer(LOOK_SECONDS, partial(self._resume, what))

    def _resume(self, what: Callable[[], None]) -> None:
        self._waiting.remove(what)
        what()

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

    async def on_event(self, event: events.Event) -> None:
        """The first key takes the hint for newcomers away, and does what it does."""
        rush, key = self.session.rush, isinstance(event, PRESSES)
        came_back = event.is_forwarded
        if key and not came_back:
            self._pressed = time.monotonic()
            rush.press()
            if not isinstance(self.screen, MainScreen) or isinstance(self.screen.focused, Input):
                rush.see()  # what it changes is painted with the next frame
        if self._hint is not None:
            self._hint.see(event)
        await super().on_event(event)
        if key and came_back:
            rush.end()  # its binding has run

    def on_main_screen_behind(self) -> None:
        """A key was painted where it matters; now the rest, but the next key goes first."""
        if self._has_panes:
            self._behind = time.monotonic()
            left, self._steps = len(self._steps), deque(self.main_screen.steps())
            self._steps.rotate(left)  # those that the key came before go first
            self._go_on()

    def get_driver_class(self) -> type[Driver]:
        """Of the terminal; a key counts from when it was read, not from when the application looks."""
        return noticing(super().get_driver_class(), self._notice)

    def _notice(self) -> None:
        self.session.rush.read()

    def on_unmount(self) -> None:
        """Stop what feeds; remember what was chosen."""
        if self._feeder is not None:
            self._feeder.stop()

    # --- what is chosen ------------------------------------------------------------

    def remember(self, **fields: Any) -> None:
        """Keep a choice for the next time."""
        new = {name: value for name, value in fields.items() if getattr(self.chosen, name) != value}
        self.chosen = msgspec.structs.replace(self.chosen, **new)
        if self._folder is not None and new:
            for problem in settings.change(self._folder, **new):
                self.session.say(problem, bad=True)

    def _seen_hint(self) -> None:
        self._hint = None
        self.remember(seen_hint=True)

    def use_theme(self, name: str) -> None:
        """Show everything in another theme, from now on."""
        if apply_theme(self, name):
            self.remember(theme=name)

    def on_main_screen_query_named(self, event: MainScreen.QueryNamed) -> None:
        """Keep a query under a name."""
        self.remember(queries=self.chosen.queries | {event.name: event.text})
        self.session.say(f"saved as {event.name}; the command palette has it, and forgets it")

    def on_main_screen_chosen(self, event: MainScreen.Chosen) -> None:
        """Keep what was chosen."""
        self.remember(**{event.field: event.value})

    # --- the palette -----------------------------------------------------------------

    def action_palette(self) -> None:
        """Offer everything that can be done."""
        commands = catalogue.catalogue(self.screen, self._sources())
        self.push_screen(CommandPalette(commands), self._run)

    def _run(self, command: Command | None) -> None:
        if command is not None:
            self.call_later(catalogue.run, command)

    def _sources(self) -> Sources:
        return Sources(
            theme=self.use_theme,
            queries=self._queries,
            use_query=self.main_screen.use_query,
            keep_query=self._keep_query,
            bookmarks=self._bookmarks,
            go=self._go,
            screenshot=self._take_picture,
            edit_keys=self._begin_keys,
        )

    def _queries(self) -> Mapping[str, str]:
        return self.chosen.queries

    def _keep_query(self, name: str, text: str, kept: bool) -> None:
        """Forget a saved query, or keep it after all."""
        others = {one: query for one, query in self.chosen.queries.items() if one != name}
        self.remember(queries=others | ({name: text} if kept else {}))

    def _bookmarks(self) -> list[tuple[str, int]]:
        session = self.session
        return [
            (f"{place(session.log, mark.row)} {safe_text(mark.note)}".strip(), mark.row)
            for mark in session.notes.marks
        ]

    def _begin_keys(self) -> None:
        """A file in which one writes down one's own keys."""
        self.session.say(settings.begin_keys(template()))

    def _go(self, row: int) -> None:
        self.session.jump(row, "")
        self.main_screen.sync()

    def _take_picture(self, kind: str) -> None:
        """Write the screen to a file in the working directory."""
        session, log = self.session, self.session.log
        seq = int(log.column("seq")[session.cursor]) if session.cursor >= 0 else NONE
        chosen: pictures.Kind = "txt" if kind == "txt" else "svg"
        try:
            path = pictures.save(
                self, Path.cwd(), chosen, recording=session.link.name, seq=None if seq == NONE else seq
            )
        except UserError as error:
            session.say(str(error), bad=True)
        else:
            session.say(f"wrote {path.name}")
