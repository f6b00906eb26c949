"""What stands out in all panes: a turn that is followed, rows that are selected."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from debugger.log import ABSENT, NONE
from debugger.tui.cursor.base import Cursor, Mode


class Followed(Struct, frozen=True):
    """What is followed through all panes, in interned numbers: a turn of a session, or a correlation.

    ``turn`` is `NONE` where the event that was followed has none; then the correlation counts.
    """

    session: int
    turn: int
    correlation: int
    label: str


class Selection(NamedTuple):
    """Rows from where it was begun (``anchor``) to where the cursor went, both of them too."""

    anchor: int
    cursor: int

    @property
    def low(self) -> int:
        """The first row."""
        return min(self)

    @property
    def high(self) -> int:
        """The last row."""
        return max(self)


class Emphasis(Cursor):
    """A followed turn dims the others; a selection is what is copied and exported."""

    def __init__(self, mode: Mode, clock: Callable[[], int], speed: float, keep: int | None = None) -> None:
        super().__init__(mode, clock, speed, keep)
        self.followed: Followed | None = None
        self.selection: Selection | None = None

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

    def toggle_selection(self) -> None:
        """Begin to select at the cursor; again: nothing is selected."""
        at = self.cursor
        self.selection = None if self.selection is not None or at < 0 else Selection(at, at)

    def moved(self) -> None:
        """What is selected goes up to the cursor, from where it was begun."""
        if self.selection is not None:
            self.selection = Selection(self.selection.anchor, self.cursor)

    def selected_rows(self) -> NDArray[np.int64]:
        """The shown rows that are selected; without a selection the one at the cursor."""
        selection = self.selection or Selection(self.cursor, self.cursor)
        if selection.low < 0:
            return np.empty(0, np.int64)
        first = self.shown.position(selection.low)
        first += self.shown.row(first) != selection.low  # the row itself may not be shown
        return self.shown.rows(range(first, self.shown.position(selection.high) + 1))
