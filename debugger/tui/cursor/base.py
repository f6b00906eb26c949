"""A cursor on a log: where one is, and the jumps."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from debugger.log import EventLog
from debugger.log.columns import FORGOTTEN
from debugger.log.hunt import Condition
from debugger.log.playback import Playback
from debugger.tui.rows import ShownRows

NOTICE_NS: Final = 4_000_000_000
FILTER_BUDGET_NS: Final = 25_000_000
"""Time in one tick for looking through rows: a key waits no longer than that."""

_TRAIL = 99  # jumps that can be gone back


class Mode(enum.Enum):
    """Where events come from."""

    LIVE = "live"
    REPLAY = "replay"


class Notice(Struct, frozen=True):
    """A word to the user, shown until ``until_ns`` of the session's clock."""

    text: str
    until_ns: int
    bad: bool = False


class Cursor:
    """The log, the cursor in it, and which of its rows are shown.

    ``clock`` gives monotonic ns. Live, the cursor stands on the newest event while `following`;
    ``paused_at`` is the number of events there were when it stopped. A live log keeps the newest
    ``keep`` events (None: all); recordings are kept whole.
    """

    def __init__(self, mode: Mode, clock: Callable[[], int], speed: float, keep: int | None = None) -> None:
        self.mode = mode
        self.clock = clock
        self.log: Final = EventLog(max_rows=keep if mode is Mode.LIVE else None)
        self.playback: Final = Playback(self.log, speed=speed)
        self.following = mode is Mode.LIVE
        self.paused_at = 0
        self.shown = ShownRows(self.log)
        self.filter_text = ""
        self.notice: Notice | None = None
        self._passed = range(0)
        self._trail: list[int] = []
        self._told_overtaken = False

    @property
    def cursor(self) -> int:
        """The row that every pane shows; -1 in an empty log."""
        return self.playback.row if len(self.log) else -1

    @property
    def news(self) -> int:
        """Events that came since a live view was paused."""
        return 0 if self.following or self.mode is not Mode.LIVE else len(self.log) - self.paused_at

    def seek(self, row: int) -> None:
        """Put the cursor on a row. A live view pauses."""
        if not len(self.log):
            return
        self.pause()
        before = self.cursor
        self.playback.seek(row)
        now = self.cursor
        self.moved()
        self._passed = range(now, now + 1) if now > before else range(0)

    def pause(self) -> None:
        """Stand still: a live view no longer follows, a recording no longer plays."""
        if self.following:
            self.following = False
            self._told_overtaken = False
            self.paused_at = len(self.log)
        self.playback.pause()

    def moved(self) -> None:
        """The cursor was put somewhere else by hand."""

    def _overtaken(self) -> None:
        """Where the cursor of a paused view is forgotten, it moves along with the first row."""
        if self.playback.overtaken and not self.following:
            self.playback.seek(self.log.first_row)
            if not self._told_overtaken:
                self._told_overtaken = True
                self.say("the event you stood on is forgotten: the cursor moves along with the oldest one")

    def take_passed(self) -> range:
        """Rows that the cursor went over since the last call, forwards and by small steps."""
        passed, self._passed = self._passed, range(0)
        return passed[max(self.log.first_row - passed.start, 0) :]

    # --- steps and jumps ---------------------------------------------------------

    def step(self, count: int) -> None:
        """Move by so many shown rows."""
        self.shown.extend(self.clock, 0)  # a key may come before the tick that would have done it
        if not len(self.shown):
            return
        position = self.shown.position(self.cursor)
        if count < 0 and self.shown.row(position) != self.cursor and position >= 0:
            count += 1  # between two shown rows, back is the one before
        self.seek(self.shown.row(position + count))

    def first(self) -> None:
        """To the first shown event."""
        self.shown.extend(self.clock, 0)
        self._seek_shown(self.shown.row(0))

    def last(self) -> None:
        """To the last shown event; live, follow."""
        self.shown.extend(self.clock, 0)
        if self.mode is Mode.LIVE:
            self.follow()
        else:
            self._seek_shown(self.shown.row(len(self.shown) - 1))

    def _seek_shown(self, row: int) -> None:
        """To `row`; stay where no event is shown."""
        if row >= 0:
            self.seek(row)

    def follow(self) -> None:
        """Stand on the newest event from now on; a recording stays at its end."""
        self.playback.pause()
        self.playback.seek(len(self.log) - 1)
        self.following = self.mode is Mode.LIVE

    def jump(self, row: int | None, otherwise: str) -> bool:
        """To `row`, which need not be shown; says `otherwise` and stays if there is none."""
        if row is None or self.cursor < 0:
            self.say(otherwise)
            return False
        if row < self.log.first_row:
            self.say("that event is forgotten: a live view keeps the newest ones")
            return False
        if row != self.cursor:
            self._trail = [*self._trail[-_TRAIL:], self.cursor]
        self.seek(row)
        if not self.shown.shows(row):
            self.say("this event is not shown under the filter; x removes it")
        return True

    def back(self) -> bool:
        """To where the last jump came from."""
        while self._trail:
            row = self._trail.pop()
            if row >= self.log.first_row:
                self.seek(row)
                return True
        self.say("no jump to go back from")
        return False

    def to_cause(self) -> bool:
        """To what caused the event at the cursor."""
        cause = self.log.cause_row(self.cursor) if self.cursor >= 0 else None
        gone = self.cursor >= 0 and int(self.log.column("cause_row")[self.cursor]) == FORGOTTEN
        return self.jump(
            cause, "its cause is forgotten" if gone else "no cause in the log: this event is a root"
        )

    def to_effect(self) -> bool:
        """To the first event that names this one as its cause."""
        effects = self.log.effect_rows(self.cursor, 1) if self.cursor >= 0 else []
        return self.jump(effects[0] if effects else None, "nothing names this event as its cause")

    # --- filter, words -----------------------------------------------------------

    def set_filter(self, text: str, condition: Condition | None) -> None:
        """Show only rows that `condition` lets through; None shows all. The cursor stays."""
        self.filter_text = text
        self.shown = ShownRows(self.log, condition)
        self.shown.extend(self.clock, FILTER_BUDGET_NS)

    def say(self, text: str, *, bad: bool = False) -> None:
        """Tell the user something, for some seconds."""
        self.notice = Notice(text, self.clock() + NOTICE_NS, bad)
