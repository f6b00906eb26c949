"""A scene as a grid of glyphs; and over it the cursor, with the ways of its message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from backend.events.vocabulary import ERROR
from debugger.log import FAMILIES, EventLog
from debugger.tui.events.model import GLYPHS
from debugger.tui.palette import LOOKS
from debugger.tui.text import shorten
from debugger.tui.timeline.canvas import Canvas, Ground, Tone, chip_of, of_family
from debugger.tui.timeline.density import levels
from debugger.tui.timeline.scene import Arrow, Bar, Scene, Word
from debugger.tui.timeline.signs import (
    ACROSS,
    AFTER,
    AHEAD,
    BEFORE,
    DOWN,
    FAILED,
    GAP,
    GUESSED,
    HANDLER,
    LEVELS,
    SENT,
    TASK,
    UP,
)

_LETTER_FROM: Final = 3  # cells of a bar from which on its family's letter is at its start
_COUNT_FROM: Final = 3  # events in a cell from which on their number is written beside it
_HEAD_UP_TO: Final = 3  # events in a cell that a head of an arrow may stand for
_WORD_LEAST: Final = 3
_TALLEST: Final = 3
_IDLE: Final = frozenset({"IDLE", "idle", ""})
_HEADS: Final = frozenset((DOWN, UP))
_UNDER_WORDS: Final = f" {TASK}"
_MOST_DIGIT: Final = 9
_CROSSED: Final = {" ": ACROSS, HANDLER: "┿", TASK: "┼", AHEAD: "┼"}
_TURNED: Final = {
    " ": ("╮", "╯"),
    HANDLER: ("┯", "┷"),
    TASK: ("┬", "┴"),
}
"""Where an arrow leaves its sender's lane: downwards, upwards."""


class Rows(NamedTuple):
    """Where lanes are: each is ``pitch`` lines high."""

    pitch: int

    def line(self, lane: int) -> int:
        """The line on which a lane's events are."""
        return lane * self.pitch


def rows_for(lanes: int, height: int) -> Rows:
    """As high as there is room: a line each at least, another one for states, a third one for arrows."""
    return Rows(min(max(height // max(lanes, 1), 1), _TALLEST))


def draw(scene: Scene, log: EventLog, width: int, height: int, *, steps: bool = False) -> Canvas:
    """Everything but the cursor. In ``steps``, events of a run are counted; else their density is drawn."""
    canvas = Canvas(width, height)
    rows = rows_for(len(scene.lanes), height)
    _grounds(canvas, scene, rows)
    for bar in scene.bars:
        _bar(canvas, scene, bar, rows.line(bar.lane))
    for cell in scene.gaps:
        for y in range(height):
            canvas.put(cell, y, GAP, Tone.WARN)
    _marks(canvas, scene, log, rows, steps=steps)
    for bar in scene.bars:
        _ends(canvas, scene, bar, rows.line(bar.lane))
    for arrow in _apart(scene.arrows):
        draw_arrow(canvas, scene, arrow, rows, strong=False)
    _words(canvas, scene, rows)
    return canvas


def _bright(scene: Scene, lane: int, cell: int) -> bool:
    return scene.bright is None or bool(scene.bright[lane, cell])


# --- bars and marks -------------------------------------------------------------------------


def _bar(canvas: Canvas, scene: Scene, bar: Bar, y: int) -> None:
    dim = scene.bright is not None and not _belongs(scene, bar)
    tone = Tone.FAINT if dim else of_family(bar.family) if bar.handler else Tone.DIM
    for cell in range(max(bar.start, 0), min(bar.stop, canvas.width - 1) + 1):
        canvas.put(cell, y, HANDLER if bar.handler else TASK, tone)


def _belongs(scene: Scene, bar: Bar) -> bool:
    last = scene.rows.shape[1] - 1
    return any(0 <= cell <= last and _bright(scene, bar.lane, cell) for cell in (bar.start, bar.stop))


def _ends(canvas: Canvas, scene: Scene, bar: Bar, y: int) -> None:
    """The letter of a bar at its start, the glyph of a bad end."""
    counts, last = scene.counts.counts, canvas.width - 1
    inside = bar.start + 1  # at the start itself is what began it, or the head of its arrow
    room = bar.stop - bar.start >= _LETTER_FROM - 1 and 0 <= inside <= last
    if bar.handler and room and not counts[bar.lane, inside]:
        strong = _bright(scene, bar.lane, max(bar.start, 0))
        tone = of_family(bar.family, strong=True) if strong else Tone.FAINT
        canvas.put(inside, y, LOOKS[FAMILIES[bar.family]].letter, tone)
    if bar.end and 0 <= bar.stop <= last:
        canvas.put(bar.stop, y, bar.end, Tone.BAD if bar.end == FAILED else Tone.WARN)


def _marks(canvas: Canvas, scene: Scene, log: EventLog, rows: Rows, *, steps: bool) -> None:
    """An event as its glyph, several as their density and, with room, their number."""
    counts = scene.counts.counts
    if not counts.size:
        return
    heights = levels(counts, int(counts.max()))
    kinds = log.interner("event_type")
    types = log.column("event_type")
    error = log.id_of("event_type", ERROR)
    lanes, cells = np.nonzero(counts)
    found = (lanes, cells, counts[lanes, cells], heights[lanes, cells], scene.counts.families[lanes, cells])
    for lane, cell, count, height, family in zip(*(one.tolist() for one in found), strict=True):
        y, row = rows.line(lane), int(scene.rows[lane, cell])
        bright = _bright(scene, lane, cell)
        tone = of_family(family) if bright else Tone.FAINT
        if count == 1 and row >= 0:
            kind = int(types[row])
            bad = kind == error and bright
            canvas.put(cell, y, GLYPHS.get(kinds.name(kind), "·"), Tone.BAD if bad else tone)
        elif steps and count <= _MOST_DIGIT:
            canvas.put(cell, y, str(count), tone)
        else:
            canvas.put(cell, y, LEVELS[height - 1], tone)
    for lane, cell, count, *_ in zip(*(one.tolist() for one in found), strict=True):
        text = f"{count}\N{MULTIPLICATION SIGN}"
        y = rows.line(lane)
        if count >= (_MOST_DIGIT + 1 if steps else _COUNT_FROM) and canvas.free(
            cell + 1, y, len(text) + 1
        ) > len(text):
            canvas.write(cell + 1, y, text, Tone.FAINT)


# --- states ---------------------------------------------------------------------------------


def _stretches(scene: Scene, width: int) -> list[tuple[Word, int]]:
    """Each word with the cell at which the next one begins."""
    found: list[tuple[Word, int]] = []
    for number, word in enumerate(scene.words, 1):
        after = scene.words[number] if number < len(scene.words) else None
        found.append((word, after.cell if after is not None and after.lane == word.lane else width))
    return found


def _grounds(canvas: Canvas, scene: Scene, rows: Rows) -> None:
    lane, ground = -1, Ground.NONE
    for word, stop in _stretches(scene, canvas.width):
        if word.lane != lane:
            lane, ground = word.lane, Ground.OTHER_STATE
        if word.text in _IDLE:
            continue
        ground = Ground.STATE if ground == Ground.OTHER_STATE else Ground.OTHER_STATE
        for y in range(rows.line(lane), rows.line(lane) + min(rows.pitch, 2)):
            canvas.ground(word.cell, stop, y, ground)


def _words(canvas: Canvas, scene: Scene, rows: Rows) -> None:
    """On the line under the events where there is one, else between them."""
    for word, stop in _stretches(scene, canvas.width):
        y = rows.line(word.lane)
        tone = Tone.FAINT if word.text in _IDLE else Tone.DIM
        if rows.pitch > 1:
            canvas.write(word.cell, y + 1, shorten(word.text, max(stop - word.cell, 1)), tone)
            continue
        for start in range(word.cell, stop):
            room = min(canvas.free(start, y, len(word.text) + 1, _UNDER_WORDS), stop - start)
            if room > len(word.text) or (room == len(word.text) and start + room == stop):
                canvas.write(start, y, word.text, tone)
                break


# --- arrows ---------------------------------------------------------------------------------


def _apart(arrows: Sequence[Arrow]) -> list[Arrow]:
    """Those of cells in which only one message arrives: of several nobody could tell which is which."""
    senders: dict[int, set[int]] = {}
    for arrow in arrows:
        senders.setdefault(arrow.stop, set()).add(arrow.source)
    return [arrow for arrow in arrows if len(senders[arrow.stop]) == 1]


def draw_arrow(canvas: Canvas, scene: Scene, arrow: Arrow, rows: Rows, *, strong: bool) -> None:
    """Along the sender's lane to the moment of arrival, from there to the receiver's.

    It goes behind what is there; a ``strong`` one is seen as a whole.
    """
    begin, end = rows.line(arrow.source_lane), rows.line(arrow.target_lane)
    down, width = end > begin, canvas.width
    backwards = arrow.start > arrow.stop
    tone = Tone.WARN if backwards else of_family(arrow.family, strong=True) if strong else Tone.FAINT
    x = arrow.stop
    low, high = max(min(arrow.start, x), -1), min(max(arrow.start, x), width)
    for cell in range(low + 1, high):
        if canvas.at(cell, begin) == " " or (strong and canvas.at(cell, begin) == TASK):
            canvas.put(cell, begin, AHEAD, tone)
    if not 0 <= x < width:
        canvas.put(0 if x < 0 else width - 1, begin, BEFORE if x < 0 else AFTER, tone)
        return
    if x != arrow.start and (turn := _TURNED.get(canvas.at(x, begin))) is not None:
        canvas.put(x, begin, turn[0] if down else turn[1], tone)
    for y in range(min(begin, end) + 1, max(begin, end)):
        crossed = _CROSSED.get(canvas.at(x, y))
        if crossed is not None:
            canvas.put(x, y, GUESSED if arrow.guessed and crossed == ACROSS else crossed, tone)
        elif strong and y % rows.pitch:
            canvas.put(x, y, "│", tone)
    if strong or scene.counts.counts[arrow.target_lane, x] <= _HEAD_UP_TO:
        bright = strong or _bright(scene, arrow.target_lane, x)
        head = Tone.WARN if backwards else of_family(arrow.family, strong=strong) if bright else Tone.FAINT
        canvas.put(x, end, DOWN if down else UP, head)
    if strong and canvas.at(arrow.start, begin) not in _HEADS:
        canvas.put(arrow.start, begin, SENT, tone)


# --- the cursor -----------------------------------------------------------------------------


class Cursor(NamedTuple):
    """Where it is: its cell and lane (None: not in view), the glyph of its event, and its family."""

    cell: int
    lane: int | None
    glyph: str
    family: int


def draw_cursor(canvas: Canvas, scene: Scene, cursor: Cursor | None, ways: Sequence[Arrow]) -> Canvas:
    """A copy with the cursor's line and the ways of what led to its event and what it did."""
    over = canvas.copy()
    rows = rows_for(len(scene.lanes), canvas.height)
    if cursor is not None:
        for y in range(canvas.height):
            if over.at(cursor.cell, y) == " ":
                over.put(cursor.cell, y, "│", Tone.ACCENT)
            over.ground(cursor.cell, cursor.cell + 1, y, Ground.CURSOR)
    # The cursor's line gives way to arrows.
    for way in ways:
        draw_arrow(_behind(over, way, rows), scene, way, rows, strong=True)
    if cursor is not None and cursor.lane is not None:
        over.put(cursor.cell, rows.line(cursor.lane), cursor.glyph, chip_of(cursor.family))
    return over


def _behind(canvas: Canvas, way: Arrow, rows: Rows) -> Canvas:
    """Free the cells of the cursor's line where an arrow goes."""
    begin, end = rows.line(way.source_lane), rows.line(way.target_lane)
    for y in range(min(begin, end), max(begin, end) + 1):
        if canvas.at(way.stop, y) == "│":
            canvas.put(way.stop, y, " ", Tone.PLAIN)
    return canvas
