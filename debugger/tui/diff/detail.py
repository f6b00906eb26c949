"""What is to be said of the line at the cursor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from debugger.analysis.diff import flags, label_of, place_of
from debugger.tui.diff.cells import mark_of, style_of
from debugger.tui.diff.fields import Field, fields_of
from debugger.tui.diff.model import DiffView
from debugger.tui.palette import ink
from debugger.tui.text import fit, safe_text, shorten, width_of
from debugger.tui.units import clock_time, span

Line = list[Segment]

_BOLD: Final = Style(bold=True)
_NARROWEST: Final = 8
_WHEEL: Final = 3


def detail_lines(view: DiffView, width: int) -> Iterator[Line]:
    """The lines; the first say the most. What is longer than the width ends in an ellipsis."""
    return (_cut(line, width) for line in _lines(view, width))


def _cut(line: Line, width: int) -> Line:
    """Whole pieces while they fit; of the first that does not, what has room with an ellipsis."""
    if sum(width_of(segment.text) for segment in line) <= width:
        return line
    kept: Line = []
    left = width - 1
    for segment in line:
        size = width_of(segment.text)
        if size > left:
            return [*kept, Segment(shorten(f"{segment.text} ", left + 1), segment.style)]
        kept.append(segment)
        left -= size
    return kept


def _lines(view: DiffView, width: int) -> Iterator[Line]:
    diff = view.diff
    if view.folded:
        line = view.line
        count = int(view.lines.stops[line] - view.lines.starts[line])
        yield [Segment(f"{count} equal rows; Enter opens them", ink.dim)]
        return
    a, b, found = view.pair
    if a is None and b is None:
        yield [Segment("no events in either", ink.dim)]
        return
    mark = mark_of(found)
    yield [Segment(f"{mark.glyph} {mark.about}", style_of(found) + _BOLD)]
    pair = diff.overtaken(a) if a is not None and found & flags.OUT_OF_PLACE else None
    if pair is not None:
        one, other = (safe_text(label_of(place_of(diff.a, row))) for row in pair)
        yield [Segment(f"in a: {one}, then {other}; in b the other way round", ink.plain)]
    for letter, log, row, side in (("a", diff.a, a, 0), ("b", diff.b, b, 1)):
        if row is not None:
            yield _event(view, letter, row, side)
        del log
    if a is not None and b is not None:
        waits = list(_waits(view, a, b))
        if waits:
            yield [Segment(" · ".join(waits), ink.plain)]
    side = 0 if a is not None else 1
    path = diff.path(side, a if a is not None else b or 0)
    if path:
        yield [Segment("by ", ink.dim), Segment(" ▸ ".join(safe_text(step, 120) for step in path), ink.dim)]
    yield from _fields(view, a, b, width)


def _event(view: DiffView, letter: str, row: int, side: int) -> Line:
    log = view.diff.b if side else view.diff.a
    place = place_of(log, row)
    start = view.diff.start_ns(side, view.diff.scope_of(side, row))
    since = f"  +{span(place.timestamp_ns - start)}" if start is not None else ""
    number = f"#{place.seq}" if place.seq is not None else f"row {row}"
    return [
        Segment(f"{letter} ", ink.key),
        Segment(f"{number} {clock_time(place.timestamp_ns)}{since}  ", ink.dim),
        Segment(safe_text(label_of(place)), ink.plain),
    ]


def _waits(view: DiffView, a: int, b: int) -> Iterator[str]:
    """Since the turn began, and since the cause: both, and by how much b was later."""
    diff = view.diff
    rows, logs = (a, b), (diff.a, diff.b)
    at = [int(log.column("timestamp_ns")[row]) for log, row in zip(logs, rows, strict=True)]
    starts = [diff.start_ns(side, diff.scope_of(side, row)) for side, row in enumerate(rows)]
    causes = [diff.cause(side, row) for side, row in enumerate(rows)]
    caused = [
        None if cause is None else int(log.column("timestamp_ns")[cause])
        for log, cause in zip(logs, causes, strict=True)
    ]
    for words, since in (("since its turn began", starts), ("since its cause", caused)):
        if since[0] is not None and since[1] is not None:
            one, other = at[0] - since[0], at[1] - since[1]
            delta = other - one
            sign = "+" if delta >= 0 else ""
            yield f"{words}: {span(one)} → {span(other)} ({sign}{span(delta)})"


def _fields(view: DiffView, a: int | None, b: int | None, width: int) -> Iterator[Line]:
    diff = view.diff
    telling = set()
    if a is not None and b is not None:
        telling = {
            name if kind == "severity" else f"{'data' if kind == 'payload' else 'state'}.{name}"
            for kind, name, _, _, matters in diff.values(a)
            if matters
        }
    events_of = (
        None if a is None else diff.a.event(a),
        None if b is None else diff.b.event(b),
    )
    found = fields_of(*events_of, telling)
    if not found:
        return
    name = min(max(width_of(field.path) for field in found), max(width // 3, _NARROWEST))
    rest = max(width - name - 5, 2 * _NARROWEST)
    if a is None or b is None:
        for field in found:
            yield [*_name(field, name), Segment(shorten(field.a or field.b, rest), ink.plain)]
        return
    half = rest // 2
    head = fit("a", half) + " │ b"
    yield [Segment(" " * (name + 4), ink.dim), Segment(head, ink.dim)]
    for field in found:
        style = ink.changed if field.matters else ink.plain
        yield [
            *_name(field, name),
            Segment(fit(field.a or "-", half), style),
            Segment(" │ ", ink.dimmer),
            Segment(shorten(field.b or "-", rest - half), style),
        ]


def _name(field: Field, width: int) -> Line:
    mark = "~ " if field.matters else "  "
    style = ink.changed + _BOLD if field.matters else ink.dim
    return [Segment(mark, style), Segment(fit(field.path, width), style), Segment("  ")]


class DiffDetail(ScrollView, can_focus=True, inherit_bindings=False):
    """Scrolls over `detail_lines`."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.view: DiffView | None = None
        self._lines: list[Line] = []
        self._shown: tuple[int, int] = (-1, -1)

    @property
    def room(self) -> int:
        """Cells of a line, without the scrollbar."""
        return self.scrollable_content_region.width

    def show(self, view: DiffView | None) -> None:
        """Show a comparison."""
        self.view = view
        self._shown = (-1, -1)
        self.sync()

    def sync(self) -> None:
        """Show what is at the cursor now."""
        view = self.view
        if view is None or (view.version, self.room) == self._shown or not self.room:
            return
        self._shown = (view.version, self.room)
        self._lines = list(detail_lines(view, self.room - 1))
        self.virtual_size = Size(self.room, len(self._lines))
        self.scroll_to(y=0, animate=False, force=True, immediate=True)
        self.refresh()

    def restyle(self) -> None:
        """Other colours."""
        self._shown = (-1, -1)
        self.sync()

    def on_resize(self) -> None:
        """The room is another."""
        self.sync()

    def scroll_lines(self, step: int) -> None:
        """Up or down."""
        self.scroll_to(y=self.scroll_offset.y + step, animate=False, force=True, immediate=True)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel scrolls."""
        event.stop()
        event.prevent_default()
        self.scroll_lines(_WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel scrolls."""
        event.stop()
        event.prevent_default()
        self.scroll_lines(-_WHEEL)

    def render_line(self, y: int) -> Strip:
        """One line."""
        number = self.scroll_offset.y + y
        segments = self._lines[number] if number < len(self._lines) else []
        return Strip([Segment(" "), *segments]).adjust_cell_length(self.room).apply_style(self.rich_style)
