"""What is looked at, and everything that moves it: the model behind all panes. No terminal, no clock.

There is one cursor: a row of the log. Every pane shows the world at it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from debugger.log.rates import RateMeter
from debugger.sources.notes import Notes
from debugger.tui.cursor.base import FILTER_BUDGET_NS, Mode, Notice
from debugger.tui.cursor.emphasis import Emphasis, Followed, Selection
from debugger.tui.cursor.hunting import Hunting, Search
from debugger.tui.cursor.marking import Marking
from debugger.tui.findings.chosen import NO_MARKERS, Chosen, Markers
from debugger.tui.rush import Rush
from debugger.tui.watches import Watch, Watches

if TYPE_CHECKING:
    from debugger.judging import Judging
    from debugger.tui.control.model import Control

__all__ = ["FILTER_BUDGET_NS", "Followed", "Link", "Mode", "Notice", "Search", "Selection", "Session"]


class Link(Struct, frozen=True):
    """The connection, or the file: ``name`` of it, whether it is there, and what is to be said about it.

    ``path`` is what `replay` would be given to open it again; empty for a feed. Of several feeds
    some may be down: ``partly``.
    """

    name: str
    up: bool = True
    detail: str = ""
    path: str = ""
    partly: bool = False


class Session(Emphasis, Hunting, Marking):
    """The cursor on the log, what stands out, what is watched for, and where events come from.

    `tick` is called some ten times a second or more; nothing else moves by itself. ``component``
    is pinned to the state pane, None lets the pane follow the cursor. ``judging`` finds what went wrong or
    could (None: nobody does); ``control`` is what may be done to the backend (None: a recording has none);
    ``chosen`` is the finding that is looked at, ``markers`` are where others are.
    """

    def __init__(
        self,
        mode: Mode,
        link: Link,
        clock: Callable[[], int],
        *,
        speed: float = 1.0,
        notes: Notes | None = None,
        keep: int | None = None,
    ) -> None:
        super().__init__(mode, clock, speed, keep)
        if notes is not None:
            self.notes = notes
        self.link = link
        self.rate: Final = RateMeter()
        self.rush: Final = Rush()
        self.component: str | None = None
        self.judging: Judging | None = None
        self.control: Control | None = None
        self.chosen: Chosen | None = None
        self.markers: Markers = NO_MARKERS
        self.watches: Final = Watches(self.log)
        self.beeps = 0
        self.progress: float | None = None
        self.loading_stopped = False
        self.misunderstood = 0
        self.lost = 0
        self._counted = 0
        self._errand: Iterator[str] | None = None
        self._told: Notice | None = None  # by an errand: not about the place of the cursor

    def moved(self) -> None:
        """What was said of the place before is no longer true; what went wrong is said to its end."""
        super().moved()
        if self.notice is not None and self.notice is not self._told and not self.notice.bad:
            self.notice = None

    def tick(self) -> None:
        """Let time pass: play, follow, and look at what came in."""
        now = self.clock()
        if len(self.log) > self._counted:
            if self.mode is Mode.LIVE:
                self.rate.add(now, len(self.log) - self._counted)
            self._counted = len(self.log)
            self.notes.resolve(self.log)
        self._look()
        if self.control is not None:
            self.control.look()
        self._overtaken()
        before = self.cursor
        if self.playback.playing:
            self.playback.advance(now)
            if self.cursor > before:
                self._stop_at(self.watches.pass_over(range(before + 1, self.cursor + 1)), moves=True)
        elif self.following:
            self.playback.seek(len(self.log) - 1)
        if self.mode is Mode.LIVE:
            self._stop_at(self.watches.look(), moves=self.following)
        if self.cursor > before:
            self._passed = range(
                min(self._passed.start, before + 1) if self._passed else before + 1, self.cursor + 1
            )
        if self.notice is not None and now >= self.notice.until_ns:
            self.notice = None

    def _look(self) -> None:
        """Go on with what takes longer than a key may: filter, search, hunt."""
        self.shown.extend(self.clock, FILTER_BUDGET_NS)
        self.go_on_hunting()
        began = self.clock()
        while self._errand is not None and self.clock() - began < FILTER_BUDGET_NS:
            told = next(self._errand, None)
            if told is None:
                self._errand = None
            else:
                self.say(told)
                self._told = self.notice

    def start(self, errand: Iterator[str]) -> None:
        """Do something long bit by bit, from `tick` to `tick`; it yields what is to be said about it."""
        self._errand = errand

    def _stop_at(self, stop: tuple[Watch, int] | None, *, moves: bool) -> None:
        """A watch holds: beep, and stand there if the cursor moved by itself."""
        if stop is None:
            return
        watch, row = stop
        self.beeps += 1
        if moves:
            self.seek(row)
        self.say(f"watch: {watch.query.text} · {watch.hits:,} so far")

    def toggle_play(self) -> None:
        """Replay: play or stop. Live: pause, or follow again."""
        if self.mode is Mode.REPLAY:
            self.playback.toggle(self.clock())
        elif self.following:
            self.pause()
        else:
            self.follow()

    def change_speed(self, step: int) -> None:
        """The next higher or lower speed."""
        if self.mode is Mode.LIVE:
            self.say("speed is for recordings")
        elif step > 0:
            self.playback.faster()
        else:
            self.playback.slower()

    def halt(self) -> None:
        """Stop what goes on: a hunt, playing, loading; else end a selection; else follow no turn."""
        if self.hunting:
            self.stop_hunting()
        elif self.playback.playing:
            self.playback.pause()
        elif self.progress is not None:
            self.loading_stopped = True
        elif self.selection is not None:
            self.selection = None
        else:
            self.followed = None
