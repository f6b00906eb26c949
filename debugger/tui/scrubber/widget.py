"""The scrubber's line: a click or a drag puts the cursor there."""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from debugger.analysis.findings import Findings
from debugger.tui import units
from debugger.tui.palette import ink
from debugger.tui.scrubber.model import LEVELS, Axis, ScrubView, axis_of, cells_of, densities
from debugger.tui.scrubber.signs import COULD, CURSOR, MARK, NOTHING, REPORTED, WRONG
from debugger.tui.session import Session

_TIMES_FROM: Final = 60
"""Cells from which on the times of both ends are written beside it."""

_GROWTH: Final = 1.01  # densities are looked up anew when the log grew by a hundredth …
_AT_LATEST_NS: Final = 1_000_000_000  # … or, by less, after a second: it takes some ms


class Scrubber(Widget):
    """One line under all panes."""

    def __init__(self, session: Session, findings: Findings, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._session = session
        self._findings = findings
        self._axis = Axis(0, 0, 0)
        self._levels: tuple[int, ...] = ()
        self._counted = self._counted_ns = 0
        self._last_error = -1  # of those that are among the cells
        self._error_cells: frozenset[int] = frozenset()
        self._found: tuple[frozenset[int], frozenset[int]] = (frozenset(), frozenset())
        self._found_of: tuple[int, Axis] = (0, self._axis)
        self._view = ScrubView()
        self._ends = ("", "")
        self._held = False

    def sync(self) -> None:
        """Repaint if anything is elsewhere."""
        session, log = self._session, self._session.log
        left, right = self._margins()
        width = max(self.size.width - left - right, 0)
        if width != self._axis.width or self._outgrown():
            self._axis = axis_of(log, width)
            self._levels = densities(log, self._axis)
            self._counted, self._counted_ns = len(log), session.clock()
            self._ends = self._end_times()
            self._last_error, self._error_cells = -1, frozenset()
            self.refresh()
        errors = self._findings.error_rows
        if errors and errors[-1] > self._last_error:  # of a live log the first ones go meanwhile
            new = errors[bisect_right(errors, self._last_error) :]
            self._error_cells |= cells_of(log, self._axis, new)
            self._last_error = errors[-1]
        marks = cells_of(log, self._axis, [mark.row for mark in session.notes.marks])
        cursor = cells_of(log, self._axis, [session.cursor] if session.cursor >= 0 else [])
        view = ScrubView(
            self._levels, next(iter(cursor), -1), self._error_cells, marks, *self._cells_of_findings()
        )
        if view != self._view:
            self._view = view
            self.refresh()

    def _cells_of_findings(self) -> tuple[frozenset[int], frozenset[int]]:
        """Where something went wrong, and where it could; looked up when either is another."""
        markers, log = self._session.markers, self._session.log
        of = (id(markers), self._axis)
        if of != self._found_of:
            self._found_of = of
            wrong, could = markers.rows[markers.bad].tolist(), markers.rows[~markers.bad].tolist()
            self._found = cells_of(log, self._axis, wrong), cells_of(log, self._axis, could)
        return self._found

    def _outgrown(self) -> bool:
        """Whether the log is so much longer that it would look different."""
        count = len(self._session.log)
        if count == self._counted:
            return False
        due = self._session.clock() - self._counted_ns >= _AT_LATEST_NS
        return due or not self._counted or count > self._counted * _GROWTH

    def restyle(self) -> None:
        """The theme is another one."""
        self.refresh()

    def _margins(self) -> tuple[int, int]:
        wide = self.size.width >= _TIMES_FROM
        return (10, 10) if wide else (1, 1)

    def _end_times(self) -> tuple[str, str]:
        if not len(self._session.log):
            return "", ""
        span = units.span(self._axis.last_ns - self._axis.first_ns)
        return units.clock_time(self._axis.first_ns, digits=0)[:8], f"+{span}"

    def render_line(self, y: int) -> Strip:
        """The line."""
        del y
        view = self._view
        left, right = self._margins()
        segments = [Segment(f" {self._ends[0]:<8} "[:left] if left > 1 else " ", ink.dimmer)]
        for cell, level in enumerate(view.levels):
            segments.append(Segment(*self._cell(cell, level)))
        segments.append(Segment(f" {self._ends[1]:<8} "[:right] if right > 1 else " ", ink.dimmer))
        return Strip(segments).simplify().adjust_cell_length(self.size.width).apply_style(self.rich_style)

    def _cell(self, cell: int, level: int) -> tuple[str, Style]:
        view = self._view
        glyph, style = self._sign(cell)
        if cell == view.cursor:
            return glyph or CURSOR, ink.inverse(ink.colours.accent)
        if glyph:
            return glyph, style
        return LEVELS[
            level
        ] if level else NOTHING, ink.accent if cell <= view.cursor and level else ink.dimmer

    def _sign(self, cell: int) -> tuple[str, Style]:
        """What is marked in a cell: bookmarks first, for somebody put them there; then the worst."""
        view = self._view
        if cell in view.marks:
            return MARK, ink.key
        if cell in view.wrong:
            return WRONG, ink.bad
        if cell in view.errors:
            return REPORTED, ink.bad
        return (COULD, ink.warn) if cell in view.could else ("", ink.plain)

    # --- mouse ---------------------------------------------------------------------

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of the cursor."""
        self._held = True
        self.capture_mouse()
        self._seek(event.x)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """The cursor follows."""
        if self._held:
            self._seek(event.x)

    def on_mouse_up(self) -> None:
        """Let go."""
        self._held = False
        self.release_mouse()

    def _seek(self, x: int) -> None:
        cell = min(max(x - self._margins()[0], 0), max(self._axis.width - 1, 0))
        log = self._session.log
        if len(log):
            last = cell == self._axis.width - 1
            self._session.seek(len(log) - 1 if last else log.row_at_time(self._axis.time(cell)))
            self.sync()
