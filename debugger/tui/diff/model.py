"""Where one is in a comparison: which turn, which of its lines, what is open. Nothing here paints."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from debugger.analysis.diff import GAP, Aligned, Diff, flags
from debugger.tui.diff.folds import NO_FOLDS, Lines, folds_of, lines_of

OUT_OF_PLACE: Final = flags.OUT_OF_PLACE


class DiffView:
    """One cursor in a `Diff`. It begins where the recordings part.

    ``version`` grows when something else is to be seen.
    """

    def __init__(self, diff: Diff) -> None:
        self.diff = diff
        self.version = 0
        self._all_open = False
        self._opened: dict[int, frozenset[int]] = {}
        # Where nothing matters, what tells little is all there is to step through.
        self._light = not diff.differences.any()
        counts = diff.lesser if self._light else diff.differences
        self._turns = np.flatnonzero(counts)
        self.scope = 0
        self.row = 0
        self._enter(0)
        self.go_first()

    # --- what is to be seen -------------------------------------------------------------

    @property
    def line(self) -> int:
        """The line that the cursor is on."""
        return self.lines.line_of(self.row)

    @property
    def pair(self) -> tuple[int | None, int | None, int]:
        """The row of a, that of b (of something that moved: both), and the flags, at the cursor."""
        if not len(self.aligned.a):
            return None, None, 0
        a, b, found = (int(one[self.row]) for one in self.aligned)
        if found & OUT_OF_PLACE and not found & flags.ALONE:
            if a == GAP:
                a = _known(self.diff.mate(1, b))
            else:
                b = _known(self.diff.mate(0, a))
        return _given(a), _given(b), found

    @property
    def folded(self) -> bool:
        """Whether the cursor is on a fold."""
        line = self.line
        return bool(len(self.lines.starts)) and int(self.lines.stops[line] - self.lines.starts[line]) > 1

    # --- moving -----------------------------------------------------------------------------

    def move(self, step: int) -> None:
        """To another line."""
        self.to_line(self.line + step)

    def to_line(self, line: int) -> None:
        """To a line, or the nearest that there is."""
        if len(self.lines.starts):
            self._at(int(self.lines.starts[min(max(line, 0), len(self.lines.starts) - 1)]))

    def turn(self, step: int) -> None:
        """To another turn."""
        self.to_turn(self.scope + step)

    def to_turn(self, scope: int) -> None:
        """To a turn: its first difference, or its first line."""
        scope = min(max(scope, 0), len(self.diff.scopes) - 1)
        if scope < 0 or scope == self.scope:
            return
        self._enter(scope)
        stops = self._stops()
        self._at(int(stops[0]) if len(stops) else 0)

    def difference(self, step: int) -> bool:
        """To the next place where they differ, or the one before, in other turns too; False at the end."""
        stops = self._stops()
        if step > 0:
            at = int(np.searchsorted(stops, self.row, side="right"))
        else:
            at = int(np.searchsorted(stops, self.row)) - 1
        if 0 <= at < len(stops):
            self._at(int(stops[at]))
            return True
        if step > 0:
            turns = self._turns[self._turns > self.scope]
        else:
            turns = self._turns[self._turns < self.scope][::-1]
        for scope in turns[:_LOOKED_AT].tolist():
            self._enter(scope)
            stops = self._stops()
            if len(stops):
                self._at(int(stops[0 if step > 0 else -1]))
                return True
        return False

    def go_first(self) -> None:
        """To where the recordings part."""
        first = self.diff.first
        if first is None:
            return
        self._enter(first.turn)
        rows = [
            self._place(place.row, self.aligned.a if side == 0 else self.aligned.b)
            for side, place in enumerate((first.a, first.b))
            if place is not None and self.diff.scope_of(side, place.row) == first.turn
        ]
        found = [row for row in rows if row is not None]
        if found:
            self._at(min(found))

    def counterpart(self) -> bool:
        """To the other place of what moved; False where nothing did."""
        a, b, found = self.pair
        if not found & OUT_OF_PLACE or a is None or b is None:
            return False
        here_a = int(self.aligned.a[self.row]) != GAP
        place = self._place(b, self.aligned.b) if here_a else self._place(a, self.aligned.a)
        if place is not None:
            self._at(place)
        return place is not None

    def _place(self, row: int, column: NDArray[np.int64]) -> int | None:
        found = np.flatnonzero(column == row)
        return int(found[0]) if len(found) else None

    # --- folding ---------------------------------------------------------------------------

    def fold(self) -> bool:
        """Open the fold at the cursor, or shut the one that it is in; False if there is none."""
        starts, stops = self._folds
        at = int(np.searchsorted(starts, self.row, side="right")) - 1
        if at < 0 or self.row >= int(stops[at]):
            return False
        start = int(starts[at])
        opened = self._opened.get(self.scope, frozenset())
        if self._all_open:
            opened, self._all_open = frozenset(starts.tolist()), False
        self._opened[self.scope] = opened ^ {start}
        self.row = start
        self._line_up()
        return True

    def unfold_all(self) -> None:
        """Open all folds, or shut them again."""
        self._all_open = not self._all_open
        self._opened.clear()
        self._line_up()
        self.to_line(self.line)

    # --- helpers -------------------------------------------------------------------------------

    def _enter(self, scope: int) -> None:
        self.scope, self.row = scope, 0
        if scope < len(self.diff.scopes):
            self.aligned = self.diff.aligned(scope)
        else:  # two empty recordings
            self.aligned = Aligned(*(np.zeros(0, np.int64),) * 2, np.zeros(0, np.uint16))
        self._folds = folds_of(self.aligned.flags == 0)
        self._line_up()

    def _line_up(self) -> None:
        folds = NO_FOLDS if self._all_open else self._folds
        opened = self._opened.get(self.scope, frozenset())
        self.lines: Lines = lines_of(len(self.aligned.a), folds, opened)
        self.version += 1

    def _at(self, row: int) -> None:
        self.row = row
        self.version += 1

    def _stops(self) -> NDArray[np.int64]:
        """Where differences begin: one place for all that stand one below the other."""
        found = self.aligned.flags
        wanted = flags.lesser(found) if self._light else flags.matters(found)
        return np.flatnonzero(wanted & ~np.append(np.False_, wanted[:-1]))


_LOOKED_AT: Final = 50  # turns; each that is counted has a place to stop, but for what moved out of it


def _given(row: int) -> int | None:
    return None if row == GAP else row


def _known(row: int | None) -> int:
    return GAP if row is None else row
