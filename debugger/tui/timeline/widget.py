"""The timeline pane: keys and the mouse on the model, and its lines as strips."""

from __future__ import annotations

from typing import Final

from rich.segment import Segment
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from debugger.log.scan import next_match
from debugger.tui import units
from debugger.tui.keys import Where, bindings
from debugger.tui.session import Session
from debugger.tui.timeline.draw import rows_for
from debugger.tui.timeline.lanes import key_conditions, lane_of
from debugger.tui.timeline.model import Frame, Model
from debugger.tui.timeline.paint import segments, style_of
from debugger.tui.timeline.project import ByClock

_PANS: Final = 8
"""A turn of the wheel moves by an eighth of the window."""


class Timeline(Widget, can_focus=True):
    """Lanes over time, or over causal order, around the session's cursor."""

    BINDINGS = bindings(Where.TIMELINE)

    class Moved(Message):
        """The cursor was put elsewhere: other panes may want to know at once."""

    class Opened(Message):
        """The event at the cursor was clicked once more: open it."""

    def __init__(self, session: Session, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._session = session
        self.model: Final = Model(session)
        self._frame = Frame((), ())
        self._strips: dict[int, Strip] = {}

    # --- as every pane ----------------------------------------------------------------------

    @property
    def titles(self) -> tuple[str, str]:
        """As of every pane."""
        model, view = self.model, self.model.view
        order = "causal order" if view.causal else "clock"
        title = f"2 Timeline · by {view.by.value} · {order}{' …' if model.incomplete else ''}"
        parts = []
        if isinstance(model.projection, ByClock):
            parts.append(units.span(model.projection.window.span))
        if model.scene is not None:
            shown = model.scene.shown
            hidden = len(shown.every) + shown.beyond - len(shown.keys)
            parts += [f"{hidden:,} more lane{'s' if hidden > 1 else ''}"] if hidden > 0 else []
            parts += [f"+{shown.quiet:,} quiet"] if shown.quiet else []
        return title, " · ".join(parts)

    @property
    def key_labels(self) -> dict[str, str]:
        """As of `KeyBar`."""
        return {"timeline.order": "by the clock" if self.model.view.causal else "causal order"}

    def sync(self) -> None:
        """As of every pane."""
        self.model.advance()
        self._show()

    def restyle(self) -> None:
        """As of every pane."""
        self._strips.clear()
        self.refresh()

    def _show(self) -> None:
        width, height = self.size
        if not width or not height:
            return
        before, self._frame = self._frame, self.model.frame(width, height)
        if len(before.lines) != len(self._frame.lines):
            self._strips.clear()
            self.refresh()
            return
        both = zip(before.labels, self._frame.labels, before.lines, self._frame.lines, strict=True)
        changed = [
            y for y, (label, now, line, line_now) in enumerate(both) if label != now or line != line_now
        ]
        for y in changed:
            self._strips.pop(y, None)
        if changed:
            self.refresh(*(Region(0, y, width, 1) for y in changed))

    def on_resize(self) -> None:
        """Another size is another picture."""
        self._frame = Frame((), ())
        self._strips.clear()
        self._show()

    def render_line(self, y: int) -> Strip:
        """One line."""
        strip = self._strips.get(y)
        if strip is None:
            strip = self._strips[y] = self._line(y)
        return strip

    def _line(self, y: int) -> Strip:
        if y >= len(self._frame.lines):
            return Strip.blank(self.size.width, self.rich_style)
        label, line = self._frame.labels[y], self._frame.lines[y]
        parts = [Segment(label.text, style_of(label.tone, 0)), *segments(line)]
        return Strip(parts).adjust_cell_length(self.size.width).apply_style(self.rich_style)

    # --- keys: what is looked at ---------------------------------------------------------------

    def action_zoom(self, direction: int) -> None:
        """In or out, around the cursor; around the middle if it is not in view."""
        model = self.model
        if model.view.causal:
            model.view.space(direction)
            model.view.centre()
        elif isinstance(model.projection, ByClock):
            window = model.projection.window
            at = self._cursor_ns()
            cell = window.cell(at) if window.holds(at) else window.cells // 2
            if self._session.following:
                cell = window.cells - 1
            model.view.zoom(direction, at if window.holds(at) else window.time(cell), cell)
        self._show()

    def _cursor_ns(self) -> int:
        return int(self._session.log.column("timestamp_ns")[self._session.cursor])

    def action_whole(self) -> None:
        """All of it."""
        self.model.view.show_all()
        self._show()

    def action_pan(self, direction: int) -> None:
        """Half a window to the right or the left."""
        self._pan(direction * max((self.size.width - self.model.label_width) // 2, 1))

    def _pan(self, cells: int) -> None:
        if self._session.following:
            self._session.toggle_play()  # else it would jump back to the newest at once
        self.model.view.pan(cells)
        self._show()

    def action_centre(self) -> None:
        """Back to the cursor."""
        self.model.view.centre()
        self._show()

    def action_lanes(self) -> None:
        """Lanes for something else."""
        view = self.model.view
        view.by, view.lane, view.first_lane = view.by.next, None, 0
        self.sync()

    def action_order(self) -> None:
        """By the clock, or by what caused what."""
        view = self.model.view
        view.causal = not view.causal
        self.action_centre()

    # --- keys: lanes -----------------------------------------------------------------------------

    def action_lane(self, step: int) -> None:
        """Choose the lane above or below."""
        model = self.model
        keys = model.scene.shown.every if model.scene is not None else ()
        if not keys:  # no events, or none that is of a lane: gaps are of no component
            return
        here = model.view.lane if model.view.lane is not None else model.cursor_key
        place = keys.index(here) + step if here in keys else 0
        self._choose(keys[min(max(place, 0), len(keys) - 1)])

    def _choose(self, key: int | None) -> None:
        self.model.view.lane = key
        self._show()

    def action_unchoose(self) -> None:
        """The lane is that of the cursor again."""
        self._choose(None)

    def action_along(self, direction: int) -> None:
        """To the next or previous event of the lane."""
        session, view, log = self._session, self.model.view, self._session.log
        if session.cursor < 0:
            return
        key = view.lane if view.lane is not None else self.model.cursor_key
        conditions = [(log.column(name), value) for name, value in key_conditions(view.by, key).items()]
        row = next_match(session.cursor, direction, *conditions, first=log.first_row)
        if row is None:
            way = "after" if direction > 0 else "before"
            session.say(f"nothing {way} this in the lane of {lane_of(log, view.by, key).label}")
        else:
            session.seek(row)
        self._moved()

    def _moved(self) -> None:
        self._show()
        self.post_message(self.Moved())

    # --- the mouse -----------------------------------------------------------------------------

    def _lane_at(self, y: int) -> int | None:
        scene = self.model.scene
        if scene is None or y < 1:
            return None
        lane = (y - 1) // rows_for(len(scene.lanes), max(self.size.height - 1, 1)).pitch
        return scene.shown.keys[lane] if lane < len(scene.shown.keys) else None

    def on_click(self, event: events.Click) -> None:
        """To the event of the lane that is nearest; on a name: choose that lane, or no longer."""
        key = self._lane_at(event.y)
        cell = event.x - self.model.label_width
        if cell < 0:
            self._choose(None if key == self.model.view.lane else key)
            return
        row = self.model.nearest(key, cell)
        if row is None:
            return
        if row == self._session.cursor:
            self.post_message(self.Opened())
            return
        self._session.jump(row, "")
        self._moved()

    def _wheel(self, event: events.MouseEvent, direction: int) -> None:
        event.stop()
        event.prevent_default()
        cells = self.size.width - self.model.label_width
        if event.ctrl or event.shift:
            self._pan(-direction * max(cells // _PANS, 1))
            return
        projection = self.model.projection
        if self.model.view.causal or not isinstance(projection, ByClock):
            self.action_zoom(direction)
            return
        cell = min(max(event.x - self.model.label_width, 0), max(cells - 1, 0))
        self.model.view.zoom(direction, projection.window.time(cell), cell)
        self._show()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """In, around the mouse; with ctrl or shift to the left."""
        self._wheel(event, 1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Out; with ctrl or shift to the right."""
        self._wheel(event, -1)

    def on_mouse_scroll_left(self, event: events.MouseScrollLeft) -> None:
        """To the left."""
        event.stop()
        self._pan(-max(self.size.width // _PANS, 1))

    def on_mouse_scroll_right(self, event: events.MouseScrollRight) -> None:
        """To the right."""
        event.stop()
        self._pan(max(self.size.width // _PANS, 1))
