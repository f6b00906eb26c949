"""What the timeline shows: from the session to lines of glyphs. No terminal."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from debugger.log import EventLog
from debugger.tui import units
from debugger.tui.events.model import GLYPHS
from debugger.tui.findings.chosen import Chosen
from debugger.tui.session import Session
from debugger.tui.text import fit, width_of
from debugger.tui.timeline.axis import Tick, digits_for, ticks
from debugger.tui.timeline.build import Builder, Spot
from debugger.tui.timeline.canvas import Canvas, Line, Tone
from debugger.tui.timeline.chain import causes, effects
from debugger.tui.timeline.detail import arrow_between
from debugger.tui.timeline.draw import Cursor, draw, draw_cursor, rows_for
from debugger.tui.timeline.finding import draw_chosen, draw_markers
from debugger.tui.timeline.lanes import lane_keys
from debugger.tui.timeline.project import ByCause, ByClock, Projection
from debugger.tui.timeline.scene import Arrow, Scene, Wish
from debugger.tui.timeline.signs import CHOSEN, HERE
from debugger.tui.timeline.viewport import Viewport

_WIDEST_LABEL: Final = 18
_NEWS: Final = 256  # a live window is made anew when it has grown by a 256th
_TIME_LABEL: Final = len("00:00:00.000 ")
_STEP_TICKS: Final = 20  # cells between two marks of an axis that counts steps
_MICROSECONDS: Final = 6
_BESIDE: Final = 65_536  # rows before and after a moment among which the nearest of a lane is looked for


class Label(NamedTuple):
    """The name of a lane in its column, or what else stands there."""

    text: str
    tone: int


class Frame(NamedTuple):
    """Everything that is painted: labels and lines, those of the axis first."""

    labels: tuple[Label, ...]
    lines: tuple[Line, ...]


class Model:
    """Makes frames of a session. What stands is kept, and made anew only when it is another."""

    def __init__(self, session: Session) -> None:
        self.view: Final = Viewport()
        self.scene: Scene | None = None
        self.projection: Projection | None = None
        self.label_width = 0
        self._session = session
        self._builder = Builder(session.log, session.clock)
        self._cursor = -2
        self._key: object = None
        self._canvas = Canvas(0, 0)
        self._looked_at = 0
        self._framed: tuple[tuple[object, ...], Frame] | None = None
        self._chosen: Chosen | None = None

    @property
    def log(self) -> EventLog:
        """The session's."""
        return self._session.log

    @property
    def incomplete(self) -> bool:
        """Whether something in the picture is still being counted or read."""
        return self.scene is not None and (not self.scene.exact or self._builder.pending)

    @property
    def cursor_key(self) -> int:
        """The lane of the event at the cursor."""
        row = self._session.cursor
        return int(lane_keys(self.log, self.view.by, slice(row, row + 1))[0])

    def advance(self) -> None:
        """Let what takes long go on, for some milliseconds."""
        self._builder.advance(self.view.by)

    # --- frames ---------------------------------------------------------------------------

    def frame(self, width: int, height: int) -> Frame:
        """The picture of ``width`` by ``height`` cells; the last one while nothing is different."""
        known, log, session = self._framed, self.log, self._session
        of = (width, height, session.cursor, len(log), log.first_row, session.followed, session.following)
        found = (session.playback.playing, session.chosen, id(session.markers))
        if known is None or self.incomplete or known[0] != (*of, *found, self.view.state):
            frame = self._frame(width, height)
            self._framed = known = (*of, *found, self.view.state), frame
        return known[1]

    def _frame(self, width: int, height: int) -> Frame:
        body, row = max(height - 1, 1), self._session.cursor
        self.label_width = self._label_width(width)
        cells = max(width - self.label_width, 1)
        if row < 0:
            return self._nothing(cells, body)
        moved, self._cursor = row != self._cursor, row
        scene, projection = self._stand(cells, body, moved=moved)
        if self._show_chosen():
            scene, projection = self._stand(cells, body, moved=False)
        if self._label_width(width) != self.label_width:  # these lanes have longer names
            self.label_width = self._label_width(width)
            cells = max(width - self.label_width, 1)
            scene, projection = self._stand(cells, body, moved=moved)
        cursor = self._where(scene, projection)
        canvas = draw_cursor(self._canvas, scene, cursor, self._ways(scene, projection))
        if (chosen := self._session.chosen) is not None:
            rows = rows_for(len(scene.lanes), canvas.height)
            draw_chosen(canvas, scene, self.log, self.view.by, projection, chosen, rows)
        label, axis = self._axis(projection, cursor)
        return Frame((label, *self._labels(scene, body)), (axis, *canvas.lines()))

    def _show_chosen(self) -> bool:
        """A finding was chosen: what it is about is looked at. Whether that is something else."""
        chosen, before, log = self._session.chosen, self._chosen, self.log
        self._chosen = chosen
        if chosen is None or (before is not None and before[1:] == chosen[1:]):
            return False
        rows = [row for row in chosen[1:3] + chosen.missing if log.first_row <= row < len(log)]
        if not rows:
            return False
        times, window = log.column("timestamp_ns")[rows], self.view.window
        self.view.show_both(int(times.min()), int(times.max()))
        return self.view.window != window

    def _nothing(self, cells: int, body: int) -> Frame:
        self.scene = self.projection = self._key = None
        blank = Canvas(cells, body + 1)
        blank.write(1, 1, "no events yet", Tone.DIM)
        return Frame((Label(" " * self.label_width, Tone.DIM),) * (body + 1), blank.lines())

    def _label_width(self, width: int) -> int:
        """As wide as the names and a time need, a quarter at most; it does not shrink while one looks."""
        names = [lane.label for lane in self.scene.lanes] if self.scene is not None else []
        longest = max((width_of(name) + 2 for name in names), default=0)
        longest = max(longest, _TIME_LABEL) if names else longest
        return min(max(longest, self.label_width), _WIDEST_LABEL, max(width // 4, 4))

    def _stand(self, cells: int, body: int, *, moved: bool) -> tuple[Scene, Projection]:
        """What stands: the scene and its canvas, made anew if they have to be."""
        session, log, view = self._session, self.log, self.view
        projection = self._project(cells, moved=moved)
        of_session = int(log.column("session")[session.cursor])
        wanted = view.lane if view.lane is not None else self.cursor_key
        spot = Spot(session.cursor, of_session, session.followed)
        scene = self.scene
        key = (_place(projection), cells, body, view.by, view.first_lane, spot[1:])
        in_view = scene is not None and wanted in scene.shown.keys
        if scene is None or key != self._key or not in_view or self.incomplete or self._grown(projection):
            self._looked_at = len(log)
            scene = self._builder.scene(projection, Wish(view.by, body, wanted, view.first_lane), spot)
            view.first_lane = scene.shown.first
            self._key = (*key[:4], view.first_lane, spot[1:])
            self._canvas = draw(scene, log, cells, body, steps=view.causal)
        self.scene, self.projection = scene, projection
        return scene, projection

    def _project(self, cells: int, *, moved: bool) -> Projection:
        session, log = self._session, self.log
        if self.view.causal:
            return self.view.by_cause(log, cells, session.cursor, moved=moved, following=session.following)
        window = self.view.by_clock(
            cells,
            int(log.column("timestamp_ns")[session.cursor]),
            self._builder.times.ends(),
            moved=moved,
            following=session.following,
            playing=session.playback.playing,
        )
        return ByClock(log, window)

    def _grown(self, projection: Projection) -> bool:
        """Whether enough is new in view to look again. An order that has grown is another one."""
        if not isinstance(projection, ByClock):
            return False
        news = self.log.column("timestamp_ns")[max(self._looked_at, self.log.first_row) :]
        window = projection.window
        inside = int(np.count_nonzero((news >= window.start) & (news < window.stop)))
        return inside * _NEWS > self._builder.in_view

    # --- the cursor ---------------------------------------------------------------------------

    def _where(self, scene: Scene, projection: Projection) -> Cursor | None:
        log, row = self.log, self._session.cursor
        cell = int(projection.cells(np.array([row]))[0])
        if not 0 <= cell < projection.width:
            return None
        kind = log.name("event_type", int(log.column("event_type")[row]))
        family = int(log.column("family")[row])
        return Cursor(cell, scene.lane(self.cursor_key), GLYPHS.get(kind, "·"), family)

    def _ways(self, scene: Scene, projection: Projection) -> list[Arrow]:
        log, row, by = self.log, self._session.cursor, self.view.by
        ways = [
            arrow_between(scene, log, by, projection, source, target)
            for source, target in (*causes(log, row), *effects(log, row))
        ]
        guessed = [arrow for arrow in scene.arrows if arrow.guessed and row in {arrow.source, arrow.target}]
        return [way for way in ways if way is not None] + guessed

    def nearest(self, key: int | None, cell: int) -> int | None:
        """The row of a lane (None: of any) that is nearest to a cell."""
        log, projection = self.log, self.projection
        if isinstance(projection, ByCause):
            rows = projection.shown
            away = abs(projection.cells(rows) - cell)
        elif isinstance(projection, ByClock):
            window = projection.window
            moment = window.time(cell) + window.cell_ns // 2
            row = self._builder.times.row_at(moment)
            rows = np.arange(max(row - _BESIDE, log.first_row), min(row + _BESIDE, len(log)))
            away = abs(log.column("timestamp_ns")[rows] - moment)
        else:
            return None
        if key is not None:
            mine = lane_keys(log, self.view.by, rows) == key
            rows, away = rows[mine], away[mine]
        return int(rows[away.argmin()]) if len(rows) else None

    # --- around it ------------------------------------------------------------------------------

    def _axis(self, projection: Projection, cursor: Cursor | None) -> tuple[Label, Line]:
        canvas = Canvas(projection.width, 1)
        times, begins, digits = self.log.column("timestamp_ns"), None, _MICROSECONDS
        marks: tuple[Tick, ...] = ()
        if isinstance(projection, ByClock):
            begins, digits = projection.window.start, digits_for(projection.window)
            marks = ticks(projection.window)
        elif isinstance(projection, ByCause):
            shown = projection.shown
            begins = int(times[shown[0]]) if len(shown) else None
            marks = tuple(
                Tick(cell, f"+{cell // projection.spacing}" if cell else "steps")
                for cell in range(0, projection.width, _STEP_TICKS)
            )
        now = range(0)
        if cursor is not None:
            text = f" {units.clock_time(int(times[self._session.cursor]), digits=digits)} "
            text = text if len(text) <= projection.width else "▼"
            place = min(max(cursor.cell - len(text) // 2, 0), max(projection.width - len(text), 0))
            now = range(place, place + len(text))
            canvas.write(place, 0, text, Tone.KEY)
        for cell, label in marks:
            if cell in now:
                continue
            # Half a label reads as another number: without room for all of it the mark stands alone.
            room = (now.start if cell < now.start else projection.width) - cell - 1
            canvas.write(cell, 0, f"╷{label}" if len(label) <= room else "╷", Tone.DIM)
        draw_markers(canvas, projection, self._session.markers, now, self.log.first_row)
        clock = units.clock_time(begins, digits=digits) if begins is not None else ""
        room = self.label_width - 1
        if len(clock) > room > 0:  # the seconds are what one looks for, not the hour
            clock = f"…{clock[-(room - 1) :]}" if room > 1 else "…"
        return Label(f"{fit(clock, room)} ", Tone.DIM), canvas.lines()[0]

    def _labels(self, scene: Scene, body: int) -> tuple[Label, ...]:
        rows, width = rows_for(len(scene.lanes), body), self.label_width
        here = self.cursor_key
        labels = [Label(" " * width, Tone.DIM)] * body
        for number, lane in enumerate(scene.lanes[:body]):
            chosen = lane.key == self.view.lane
            tone = Tone.KEY if chosen else Tone.BOLD if lane.key == here else Tone.DIM
            name = fit(lane.label, width - 2)
            labels[rows.line(number)] = Label(
                f"{CHOSEN if chosen else HERE if lane.key == here else ' '}{name} ", tone
            )
        after = rows.line(len(scene.lanes))
        if scene.shown.quiet and after < body:
            labels[after] = Label(fit(f" +{scene.shown.quiet:,} quiet", width), Tone.FAINT)
        return tuple(labels)


def _place(projection: Projection) -> object:
    """What tells a projection from another."""
    if isinstance(projection, ByCause):
        return projection.first, projection.spacing, id(projection.order)
    return projection.window if isinstance(projection, ByClock) else projection
