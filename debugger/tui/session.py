"""What is looked at, and everything that moves it: the model behind all panes. No terminal, no clock.

There is one cursor: a row of the log. Every pane shows the world at it.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from backend.events.vocabulary import PUBLISHED, RECEIVED
from debugger.log import ABSENT, NONE, EventLog
from debugger.log.playback import Playback
from debugger.log.rates import RateMeter
from debugger.tui.rows import RowFilter, ShownRows

FILTER_BUDGET_NS: Final = 25_000_000
"""Time in one tick for looking through rows: a key waits no longer than that."""

NOTICE_NS: Final = 4_000_000_000
_SCAN = 65_536  # rows looked at in one go when a message is searched


class Mode(enum.Enum):
    """Where events come from."""

    LIVE = "live"
    REPLAY = "replay"


class Link(Struct, frozen=True):
    """The connection, or the file: ``name`` of it, whether it is there, and what is to be said about it."""

    name: str
    up: bool = True
    detail: str = ""


class Followed(Struct, frozen=True):
    """What is followed through all panes, in interned numbers: a turn of a session, or a correlation.

    ``turn`` is `NONE` where the event that was followed has none; then the correlation counts.
    """

    session: int
    turn: int
    correlation: int
    label: str


class Notice(Struct, frozen=True):
    """A word to the user, shown until ``until_ns`` of the session's clock."""

    text: str
    until_ns: int
    bad: bool = False


class Session:
    """The log, the cursor in it, and the filter over it.

    ``clock`` gives monotonic ns. `tick` is called some ten times a second or more; nothing else moves by
    itself. Live, the cursor stands on the newest event while `following`; `paused_at` is the
    number of events there were when it stopped. ``component`` is pinned to the state pane,
    None lets the pane follow the cursor.
    """

    def __init__(self, mode: Mode, link: Link, clock: Callable[[], int], *, speed: float = 1.0) -> None:
        self.mode = mode
        self.link = link
        self.clock = clock
        self.log: Final = EventLog()
        self.playback: Final = Playback(self.log, speed=speed)
        self.rate: Final = RateMeter()
        self.following = mode is Mode.LIVE
        self.paused_at = 0
        self.component: str | None = None
        self.followed: Followed | None = None
        self.highlight: RowFilter | None = None
        self.shown = ShownRows(self.log)
        self.filter_text = ""
        self.notice: Notice | None = None
        self.progress: float | None = None
        self.misunderstood = 0
        self.lost = 0
        self._passed = range(0)
        self._counted = 0

    # --- where one is ------------------------------------------------------------

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
        self._pause()
        before = self.cursor
        self.playback.seek(row)
        now = self.cursor
        self._passed = range(now, now + 1) if now > before else range(0)

    def _pause(self) -> None:
        if self.following:
            self.following = False
            self.paused_at = len(self.log)
        self.playback.pause()

    def take_passed(self) -> range:
        """Rows that the cursor went over since the last call, forwards and by small steps."""
        passed, self._passed = self._passed, range(0)
        return passed

    # --- time ----------------------------------------------------------------------

    def tick(self) -> None:
        """Let time pass: play, follow, and look at what came in."""
        now = self.clock()
        if len(self.log) > self._counted:
            if self.mode is Mode.LIVE:
                self.rate.add(now, len(self.log) - self._counted)
            self._counted = len(self.log)
        self.shown.extend(self.clock, FILTER_BUDGET_NS)
        before = self.cursor
        if self.playback.playing:
            self.playback.advance(now)
        elif self.following:
            self.playback.seek(len(self.log) - 1)
        if self.cursor > before:
            self._passed = range(
                min(self._passed.start, before + 1) if self._passed else before + 1, self.cursor + 1
            )
        if self.notice is not None and now >= self.notice.until_ns:
            self.notice = None

    def toggle_play(self) -> None:
        """Replay: play or stop. Live: pause, or follow again."""
        if self.mode is Mode.REPLAY:
            self.playback.toggle(self.clock())
        elif self.following:
            self._pause()
        else:
            self.follow()

    def follow(self) -> None:
        """Stand on the newest event from now on; a recording stays at its end."""
        self.playback.pause()
        self.playback.seek(len(self.log) - 1)
        self.following = self.mode is Mode.LIVE

    def change_speed(self, step: int) -> None:
        """The next higher or lower speed."""
        if self.mode is Mode.LIVE:
            self.say("speed is for recordings")
        elif step > 0:
            self.playback.faster()
        else:
            self.playback.slower()

    # --- steps and jumps -------------------------------------------------------------

    def step(self, count: int) -> None:
        """Move by so many shown rows."""
        self.shown.extend(self.clock, 0)  # a key may come before the tick that would have done it
        if not len(self.shown):
            return
        position = self.shown.position(self.cursor)
        if count < 0 and self.shown.row(position) != self.cursor and position >= 0:
            count += 1  # between two shown rows, back is the one before
        self.seek(self.shown.row(position + count))

    def step_message(self, direction: int) -> None:
        """To the next or previous shown publish or receive."""
        self.shown.extend(self.clock, 0)
        kinds = [self.log.id_of("event_type", kind) for kind in (PUBLISHED, RECEIVED)]
        wanted = np.array([kind for kind in kinds if kind is not None], np.uint32)
        column = self.log.column("event_type")
        position = self.shown.position(self.cursor)
        if direction < 0 and self.shown.row(position) != self.cursor:
            position += 1
        position += direction
        while 0 <= position < len(self.shown):
            some = range(position, min(max(position + direction * _SCAN, -1), len(self.shown)), direction)
            rows = self.shown.rows(some)
            found = np.flatnonzero(np.isin(column[rows], wanted))
            if len(found):
                self.seek(int(rows[found[0]]))
                return
            position = some.stop
        self.say("no further message")

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

    def jump(self, row: int | None, otherwise: str) -> bool:
        """To `row`, which need not be shown; says `otherwise` and stays if there is none."""
        if row is None or self.cursor < 0:
            self.say(otherwise)
            return False
        self.seek(row)
        if not self.shown.shows(row):
            self.say("this event is not shown under the filter; x removes it")
        return True

    def to_cause(self) -> bool:
        """To what caused the event at the cursor."""
        cause = self.log.cause_row(self.cursor) if self.cursor >= 0 else None
        return self.jump(cause, "no cause in the log: this event is a root")

    def to_effect(self) -> bool:
        """To the first event that names this one as its cause."""
        effects = self.log.effect_rows(self.cursor, 1) if self.cursor >= 0 else []
        return self.jump(effects[0] if effects else None, "nothing names this event as its cause")

    def step_in_turn(self, direction: int) -> bool:
        """To the next or previous event of the same turn."""
        row = self.log.neighbour(self.cursor, "turn", direction) if self.cursor >= 0 else None
        return self.jump(row, "no further event in this turn")

    # --- what stands out -------------------------------------------------------------------

    def follow_turn(self) -> None:
        """Follow the turn (or else the correlation) of the event at the cursor; again: no longer."""
        log, row = self.log, self.cursor
        if row < 0:
            return
        session, turn, correlation = (
            int(log.column(name)[row]) for name in ("session", "turn", "correlation")
        )
        if self.followed is not None and self.belongs(row):
            self.followed = None
        elif turn != NONE:
            label = f"{log.name('session', session)}·{turn}"
            self.followed = Followed(session, turn, correlation, label)
        elif correlation != ABSENT:
            self.followed = Followed(session, turn, correlation, log.name("correlation", correlation))
        else:
            self.say("this event belongs to no turn and no correlation")

    def belongs(self, row: int) -> bool:
        """Whether `row` is of what is followed; every row is when nothing is."""
        return self.followed is None or bool(self.belonging(row, row + 1)[0])

    def belonging(self, start: int, stop: int) -> NDArray[np.bool_]:
        """For each row from `start` up to `stop`, whether it is of what is followed: the rest is dimmed."""
        followed, column = self.followed, self.log.column
        if followed is None:
            return np.ones(max(min(stop, len(self.log)) - start, 0), np.bool_)
        belonging: NDArray[np.bool_]
        if followed.turn == NONE:
            belonging = column("correlation")[start:stop] == followed.correlation
        else:
            belonging = column("turn")[start:stop] == followed.turn
            belonging &= column("session")[start:stop] == followed.session
        return belonging

    # --- filter, words ------------------------------------------------------------------

    def set_filter(self, text: str, condition: RowFilter | None) -> None:
        """Show only rows that `condition` lets through; None shows all. The cursor stays."""
        self.filter_text = text
        self.shown = ShownRows(self.log, condition)
        self.shown.extend(self.clock, FILTER_BUDGET_NS)

    def say(self, text: str, *, bad: bool = False) -> None:
        """Tell the user something, for some seconds."""
        self.notice = Notice(text, self.clock() + NOTICE_NS, bad)
