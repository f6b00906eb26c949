"""Playing a recording: a cursor that moves by recorded time. A pure model; time is passed in."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from backend.events.vocabulary import PUBLISHED
from debugger.log.eventlog import EventLog
from debugger.log.scan import next_match

MIN_SPEED: Final = 0.1
MAX_SPEED: Final = 100.0
SPEEDS: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0)
"""The steps of `Playback.faster` and `Playback.slower`."""

_LOOK_AHEAD: Final = 4096  # rows looked at in one go; at 100x and 60 Hz a step has far fewer


class Idle(NamedTuple):
    """The pause that the cursor stands in: how long it was, and how long it is played."""

    recorded_ns: int
    played_ns: int

    @property
    def compressed(self) -> bool:
        """Whether it is cut short."""
        return self.played_ns < self.recorded_ns


class Playback:
    """A cursor on a row of `log`.

    `advance` is called with a monotonic time in ns, as often as the screen is drawn. The
    cursor passes a row when as much time has gone by, times `speed`, as was recorded
    between it and the next. Clocks that jumped back in the recording count as no time.
    Pauses above ``idle_cap_ns`` of recorded time are played as that long; `skipped_ns` sums up what was cut.
    """

    def __init__(self, log: EventLog, *, speed: float = 1.0, idle_cap_ns: int | None = None) -> None:
        self._log = log
        self._row = 0
        self._speed = 1.0
        self._playing = False
        self._last_ns: int | None = None
        self._carried_ns = 0.0
        self.idle_cap_ns = idle_cap_ns
        self.skipped_ns = 0
        self.set_speed(speed)

    # --- where it is ----------------------------------------------------------

    @property
    def row(self) -> int:
        """The row of the cursor, the first known one if its own was forgotten; 0 in an empty log."""
        return min(max(self._row, self._log.first_row), max(len(self._log) - 1, 0))

    @property
    def overtaken(self) -> bool:
        """Whether the row that it was put on is forgotten."""
        return self._row < self._log.first_row

    @property
    def playing(self) -> bool:
        """Whether `advance` moves the cursor."""
        return self._playing

    @property
    def speed(self) -> float:
        """Recorded seconds played in a second."""
        return self._speed

    @property
    def at_end(self) -> bool:
        """There is no next row (yet)."""
        return self.row >= len(self._log) - 1

    @property
    def position_ns(self) -> int:
        """The recorded time that is played now, ns since the epoch: the row's, and what was played since."""
        if not len(self._log):
            return 0
        return int(self._log.column("timestamp_ns")[self.row]) + int(self._carried_ns)

    @property
    def idle(self) -> Idle | None:
        """The pause before the next row; None at the end."""
        if self.at_end:
            return None
        times = self._log.column("timestamp_ns")[self.row : self.row + 2]
        recorded = max(0, int(times[1]) - int(times[0]))
        played = recorded if self.idle_cap_ns is None else min(recorded, self.idle_cap_ns)
        return Idle(recorded, played)

    # --- what the user does -----------------------------------------------------

    def play(self, now_ns: int) -> None:
        """Go on from the cursor; from the beginning if it stands at the end."""
        if self.at_end:
            self.seek(self._log.first_row)
        self._playing = len(self._log) > 1
        self._last_ns = now_ns

    def pause(self) -> None:
        """Stop where it is; the part of a pause that was played is kept."""
        self._playing = False
        self._last_ns = None

    def toggle(self, now_ns: int) -> None:
        """Play or pause."""
        if self._playing:
            self.pause()
        else:
            self.play(now_ns)

    def set_speed(self, speed: float) -> None:
        """Set the speed, within 0.1 and 100; holds from the last `advance` on."""
        self._speed = min(max(speed, MIN_SPEED), MAX_SPEED)

    def faster(self) -> float:
        """The next higher speed of `SPEEDS`."""
        self.set_speed(next((one for one in SPEEDS if one > self._speed), MAX_SPEED))
        return self._speed

    def slower(self) -> float:
        """The next lower speed of `SPEEDS`."""
        self.set_speed(next((one for one in reversed(SPEEDS) if one < self._speed), MIN_SPEED))
        return self._speed

    def seek(self, row: int) -> int:
        """Put the cursor on a row, the nearest that exists; returns it. Playing goes on from there."""
        self._row = min(max(row, self._log.first_row), max(len(self._log) - 1, 0))
        self._carried_ns = 0.0
        return self._row

    def seek_time(self, timestamp_ns: int) -> int:
        """Put the cursor on the last row at or before a time, as far as the clock ran forward."""
        return self.seek(self._log.row_at_time(timestamp_ns))

    def step(self, rows: int = 1) -> int:
        """Pause, and move by so many rows."""
        self.pause()
        return self.seek(self.row + rows)

    def step_message(self, messages: int = 1) -> int:
        """Pause, and move to the next (or previous) publish, so many times; stays where there is none."""
        self.pause()
        published = self._log.id_of("event_type", PUBLISHED)
        row: int | None = self.row
        for _ in range(abs(messages)):
            if published is None or row is None or not len(self._log):
                break
            kinds = self._log.column("event_type")
            row = next_match(row, messages, (kinds, published), first=self._log.first_row)
            if row is not None:
                self.seek(row)
        return self.row

    # --- time ---------------------------------------------------------------------

    def advance(self, now_ns: int) -> int:
        """Let time pass until `now_ns`; returns the rows moved. Stops playing at the end."""
        if not self._playing or self._last_ns is None:
            return 0
        elapsed = max(0, now_ns - self._last_ns)
        self._last_ns = max(now_ns, self._last_ns)
        self._carried_ns += elapsed * self._speed
        began = self.row
        while self._pass_rows():
            pass
        if self.at_end:
            self._carried_ns = 0.0
            self.pause()
        return self.row - began

    def _pass_rows(self) -> bool:
        """Pass the rows whose time has come; True if there may be more."""
        row = self.row
        times = self._log.column("timestamp_ns")[row : row + _LOOK_AHEAD + 1]
        if len(times) < 2:  # noqa: PLR2004 - a row and the next one
            return False
        recorded = np.maximum(np.diff(times), 0)
        played = recorded if self.idle_cap_ns is None else np.minimum(recorded, self.idle_cap_ns)
        due: NDArray[np.int64] = np.cumsum(played)
        passed = int(np.searchsorted(due, self._carried_ns, side="right"))
        if passed:
            self._row = row + passed
            self._carried_ns -= float(due[passed - 1])
            self.skipped_ns += int((recorded[:passed] - played[:passed]).sum())
        return passed == len(due)
