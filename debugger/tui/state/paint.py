"""How the lines of the state pane look."""

from __future__ import annotations

from typing import Final

from rich.segment import Segment
from rich.style import Style

from backend.events.vocabulary import HANDLED, PUBLISHED, RECEIVED, SYSTEM
from debugger.log import MISSING, NONE, Change, EventLog, Path, origin
from debugger.tui import units
from debugger.tui.palette import ink
from debugger.tui.state.field import sampled
from debugger.tui.state.model import TreeLine, outline
from debugger.tui.state.signs import ADDED, CHANGED, CLOSED, NOW, OPEN, REMOVED, UNKNOWN
from debugger.tui.text import safe_text, shorten, value_text, width_of

_INDENT: Final = 2
_MARGIN: Final = 6  # mark, fold, and the space between key and value
_LEAST_VALUE: Final = 6
_WIDEST_KEY: Final = 22  # values of one level stand under each other up to this
_NAME: Final = 60
_VALUE: Final = 60
_SMALL: Final = 12
_MESSAGES: Final = frozenset({PUBLISHED, RECEIVED, HANDLED, SYSTEM})
_BARS: Final = "▁▂▃▄▅▆▇█"
_PARTS: Final = 4  # of an object that changed: more are told as a whole
_SPARK_LEAST: Final = 20
_KINDS: Final = {
    "first": ADDED,
    "appeared": ADDED,
    "changed": CHANGED,
    "vanished": REMOVED,
    "unknown": UNKNOWN,
}

Segments = list[Segment]


def _bold() -> Style:
    return Style(bold=True)


def mark_style(mark: str) -> Style:
    """The colour of a mark, which says the same by itself."""
    return {CHANGED: ink.changed, ADDED: ink.added, REMOVED: ink.removed, UNKNOWN: ink.warn}.get(
        mark, ink.plain
    )


def fold_column(line: TreeLine) -> range:
    """The cells of a line's fold glyph."""
    return range(2 + _INDENT * line.depth, 4 + _INDENT * line.depth)


def paint_line(line: TreeLine, width: int, keys: dict[int, int]) -> Segments:
    """A line of the tree; ``keys`` are the widths of the keys of each depth."""
    mark = mark_style(line.mark)
    fold = {None: " ", True: OPEN, False: CLOSED}[line.open]
    deepest = max((width - _MARGIN - _LEAST_VALUE) // 2, 0)
    indent = " " * min(_INDENT * line.depth, deepest)
    key = shorten(line.key, max((width - len(indent)) // 2, 4))
    padding = " " * max(min(keys.get(line.depth, 0), (width - len(indent)) // 2) - width_of(key), 0)
    changed = line.mark != " " and line.kind != "container"
    value = mark + _bold() if changed and line.mark != REMOVED else _value_style(line.kind)
    was = shorten(f"  was {line.old}", max(width // 3, 0)) if line.old else ""
    room = width - _MARGIN - len(indent) - width_of(key) - len(padding) - width_of(was)
    segments = [
        Segment(f"{line.mark} ", mark + _bold()),
        Segment(f"{indent}{fold} ", ink.dimmer),
        Segment(key, mark if line.mark != " " else ink.dim),
        Segment(f"{padding}  ", ink.plain),
        Segment(shorten(line.value, max(room, _LEAST_VALUE)), value),
    ]
    if was:
        segments.append(Segment(was, ink.dim))
    return segments


def _value_style(kind: str) -> Style:
    return {
        "number": ink.number,
        "word": ink.word,
        "container": ink.dimmer,
        "more": ink.accent,
        "gone": ink.removed + Style(strike=True),
    }.get(kind, ink.plain)


def key_widths(lines: tuple[TreeLine, ...]) -> dict[int, int]:
    """How wide the keys of each depth are, so that values stand under each other."""
    widths: dict[int, int] = {}
    for line in lines:
        if line.kind != "container" and len(line.key) <= _WIDEST_KEY:
            widths[line.depth] = max(widths.get(line.depth, 0), width_of(line.key))
    return widths


# --- words ---------------------------------------------------------------------------------


def path_text(path: Path, limit: int = 200) -> str:
    """A path as the query language writes it, such as ``workers.a[0]``; what is no word is quoted."""
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
        elif key.isidentifier():
            text += f".{key}" if text else key
        else:
            text += f"[{value_text(key, limit)}]"
    return safe_text(text, limit)


def event_text(log: EventLog, row: int, digits: int = 0) -> str:
    """An event's number and time, which stand under others if ``digits`` are those of the longest number."""
    at = units.clock_time(int(log.column("timestamp_ns")[row]))
    return f"{number_text(log, row):<{digits + 1}} {at}"


def number_text(log: EventLog, row: int) -> str:
    """An event's number."""
    seq = int(log.column("seq")[row])
    return f"#{row + 1 if seq == NONE else seq}"


def who_text(log: EventLog, row: int) -> str:
    """Who wrote the snapshot in `row`: the message that was handled, and its publisher."""
    who = origin(log, row)
    if who.message:
        by = safe_text(who.message, _NAME)
        sender = f" ({safe_text(who.publisher, _NAME)})" if who.publisher else ""
        return f"by {by}{sender}{' ?' if who.guessed else ''}"
    kind = log.name("event_type", int(log.column("event_type")[row]))
    message = log.name("message_type", int(log.column("message_type")[row]))
    told = message if message and kind in _MESSAGES else f"{kind} {message}".strip()
    return f"by {safe_text(told, _NAME)}"


def last_text(log: EventLog, change: Change | None) -> str:
    """The line that tells when a field last changed."""
    if change is None:
        return "never there up to here"
    at = event_text(log, change.row)
    if change.kind == "unknown":
        if change.new is MISSING:
            return "earlier states can no longer be read"
        return f"not changed since {at} · earlier states can no longer be read"
    told = {"first": "never changed since", "appeared": "appeared", "vanished": "vanished"}
    return f"{told.get(change.kind, 'last changed')} {at} {who_text(log, change.row)}"


# --- a history -----------------------------------------------------------------------------


def paint_change(log: EventLog, change: Change, width: int, *, here: bool, digits: int = 0) -> Segments:
    """A line of a history: when, from what to what, and by whom where there is room.

    ``digits`` of the longest number in it.
    """
    mark = _KINDS[change.kind]
    label, old, new = told_change(change)
    at = f"{NOW if here else ' '}{mark} {event_text(log, change.row, digits)}  "
    label = shorten(label, max(width - width_of(at), 0) // 2)
    room = max(width - width_of(at) - width_of(label), _LEAST_VALUE)
    by = f"  {who_text(log, change.row)}"
    arrow = " → " if old else ""
    if width_of(old) + width_of(arrow) + width_of(new) + width_of(by) > room:
        by = shorten(by, max(room - width_of(old) - width_of(arrow) - width_of(new), room // 3))
        values = max(room - width_of(by) - width_of(arrow), 2)
        old = shorten(old, max(values // 2, values - width_of(new)))
        new = shorten(new, max(values - width_of(old), 1))
    return [
        Segment(at[:2], mark_style(mark) + _bold()),
        Segment(at[2:], ink.dim),
        Segment(label, ink.plain),
        Segment(old, ink.dim),
        Segment(arrow, ink.dimmer),
        Segment(new, mark_style(mark) + _bold()),
        Segment(by, ink.dim),
    ]


def told_change(change: Change) -> tuple[str, str, str]:
    """What changed within the field (empty: all of it), from what, to what.

    Of two objects that differ in a part only that part is told: all of them would often look the same.
    """
    if change.kind == "unknown":
        return "", "?", _told(change.new) if change.new is not MISSING else "gone"
    old, new = change.old, change.new
    within: list[str] = []
    while isinstance(old, dict) and isinstance(new, dict):
        parts = [key for key in {**old, **new} if old.get(key, MISSING) != new.get(key, MISSING)]
        if not parts or len(parts) > _PARTS or len(parts) == len({**old, **new}):
            break
        if len(parts) > 1:
            told = [
                f"{path_text((key,), _NAME)} {_side(old.get(key, MISSING))} → {_side(new.get(key, MISSING))}"
                for key in parts
            ]
            return _label(within), "", " · ".join(told)
        within.append(parts[0])
        old, new = old.get(parts[0], MISSING), new.get(parts[0], MISSING)
    return _label(within), "" if old is MISSING else _told(old), _side(new)


def _label(within: list[str]) -> str:
    return f"{path_text(tuple(within), _NAME)} " if within else ""


def _side(value: object) -> str:
    return "gone" if value is MISSING else _told(value)


def _told(value: object) -> str:
    """Small containers as JSON: their size alone would often be the same before and after."""
    small = isinstance(value, dict | list) and len(value) <= _SMALL
    return value_text(value, _VALUE) if small else outline(value, _VALUE)


def sparkline(values: list[float | None], width: int, here: int) -> Segments:
    """Numbers as bars, oldest first, with their least and most; the value in place `here` stands out."""
    found = [value for value in values if value is not None]
    if len(found) < 2 or width < _SPARK_LEAST:  # noqa: PLR2004 - one value is no line
        return []
    low, high = min(found), max(found)
    ends = f"  {low:g} … {high:g}"
    segments = [Segment("  ", ink.plain)]
    for value, start, stop in sampled(values, width - 2 - len(ends)):
        # Halves: the difference of two finite numbers may be none.
        part = 0.0 if high == low or value is None else (value / 2 - low / 2) / (high / 2 - low / 2)
        bar = " " if value is None else _BARS[round(part * (len(_BARS) - 1))]
        segments.append(Segment(bar, ink.changed + ink.on_cursor if start <= here < stop else ink.accent))
    return [*segments, Segment(ends, ink.dim)]
