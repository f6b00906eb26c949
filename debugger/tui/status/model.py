"""The status line: mode, connection, rate, counts, losses, place. Parts in the order of their weight."""

from __future__ import annotations

from typing import Final

from backend.events.vocabulary import STATE_CHANGE
from debugger.log import NONE
from debugger.tui import units
from debugger.tui.control.status import control_parts
from debugger.tui.events.model import GLYPHS, describe
from debugger.tui.keys import current
from debugger.tui.keys.key import cap
from debugger.tui.palette import ink
from debugger.tui.session import Mode, Session
from debugger.tui.status.part import Part
from debugger.tui.text import safe_text, shorten, width_of

_NAME: Final = 40
_QUERY: Final = 24
_SEPARATOR: Final = "  "
_BAR: Final = 12
_NOTICE: Final = 10
_LEAST_NOTICE: Final = 24
_ESSENTIAL: Final = 11
_CHANGE: Final = 40


def status_parts(
    session: Session, loading_rate: float = 0.0, *, words: bool = False, tells_event: bool = False
) -> list[Part]:
    """What there is to say, from left to right. ``loading_rate`` is in events a second.

    ``tells_event``: the event at the cursor too, for where no pane lists it.
    """
    link = session.link
    parts = [_mode(session), *control_parts(session)]
    name = safe_text(link.name, 200)
    if link.partly:
        parts.append(Part(f"{name} · {safe_text(link.detail, 160)}", ink.bad, 9, shorten(name, _NAME)))
    elif link.up:
        parts.append(Part(shorten(name, _NAME), ink.plain, 4))
    else:
        parts.append(Part(safe_text(link.detail, 160) or name, ink.bad, 9))
    if session.progress is not None:
        parts += _loading(session.progress, loading_rate, words=words)
    if session.mode is Mode.LIVE:
        parts.append(Part(units.rate(session.rate.rate(session.clock())), ink.plain, 6))
    parts.append(Part(_counts(session), ink.dim, 3))
    if tells_event and session.cursor >= 0 and session.progress is None:
        parts.append(_event(session))
    parts += _losses(session)
    parts += _standing_out(session)
    if session.notice is not None:
        style = ink.bad if session.notice.bad else ink.warn
        parts.append(Part(safe_text(session.notice.text, 200), style, _NOTICE))
    return parts + _place(session)


def _mode(session: Session) -> Part:
    if session.mode is Mode.REPLAY:
        mark = "▶" if session.playback.playing else "■"
        return Part(
            f" REPLAY {mark} {units.speed(session.playback.speed)} ",
            ink.inverse(ink.colours.accent),
            12,
            f"{mark}REPLAY",
        )
    if not session.link.up:
        return Part(" NO CONNECTION ", ink.inverse(ink.colours.red), 12, "NO LINK")
    if session.following:
        return Part(" LIVE ", ink.inverse(ink.colours.green), 12, "LIVE")
    news = f" +{units.count(session.news)} new" if session.news else ""
    return Part(f" PAUSED{news} ", ink.inverse(ink.colours.yellow), 12, "PAUSED")


def _place(session: Session) -> list[Part]:
    log, row = session.log, session.cursor
    if row < 0:
        return []
    seq = int(log.column("seq")[row])
    time = units.clock_time(int(log.column("timestamp_ns")[row]))
    return [
        Part(f"#{row + 1 if seq == NONE else seq}", ink.bold, _ESSENTIAL, right=True),
        Part(time, ink.plain, 5, right=True),
    ]


def _event(session: Session) -> Part:
    """Who did what; of a change of state from what to what."""
    event = describe(session.log, session.cursor, -1)
    changed = event.glyph == GLYPHS[STATE_CHANGE] and event.summary
    what = shorten(event.summary, _CHANGE) if changed else event.kind
    style = ink.bad if event.bad else ink.families[event.family]
    return Part(f"{event.component} {event.glyph} {what}", style, 8, event.component)


def _loading(progress: float, rate: float, *, words: bool) -> list[Part]:
    """How far, how fast, and how to end it."""
    share = min(max(progress, 0.0), 1.0)
    full = int(share * _BAR)
    halt, leave = current.named("time.halt"), current.named("app.quit")
    ways = [
        f"{cap(row.keys[0], words=words)} {what}"
        for row, what in ((halt, "stops loading"), (leave, "quits"))
        if row is not None
    ]
    parts = [
        Part(f"loading {share:4.0%}", ink.warn, 9),
        Part("█" * full + "░" * (_BAR - full), ink.warn, 6),
    ]
    if rate > 0:
        parts.append(Part(units.rate(rate), ink.plain, 6))
    return [*parts, Part(" · ".join(ways), ink.dim, 7)]


def _counts(session: Session) -> str:
    total = f"{len(session.log):,} events"
    if not session.shown.filtered:
        return total
    more = "" if session.shown.complete else "+"
    if first := session.log.first_row:
        total = f"{len(session.log) - first:,} known events"
    return f"{len(session.shown):,}{more} of {total}"


def _losses(session: Session) -> list[Part]:
    stats = session.log.brief
    told = []
    if stats.gaps:
        lost = f", {session.lost:,} lost" if session.lost else ""
        told.append(f"{stats.gaps:,} gap{'s' if stats.gaps > 1 else ''}{lost}")
    missing = sum(stats.missing.values()) - session.lost
    if missing > 0:
        told.append(f"{missing:,} missing")
    if stats.unbelieved:
        told.append(f"numbers of {len(stats.unbelieved):,} not believed")
    if stats.broken_count:
        told.append(f"{stats.broken_count:,} broken line{'s' if stats.broken_count > 1 else ''}")
    if session.misunderstood:
        told.append(f"{session.misunderstood:,} not understood")
    if stats.evicted:
        told.append(f"{units.count(stats.evicted)} without payload")
    parts = [Part("✗ " + " · ".join(told), ink.bad, 8)] if told else []
    if stats.forgotten:  # as was agreed on, so it is no loss
        parts.append(Part(f"{units.count(stats.forgotten)} forgotten", ink.dim, 5))
    return parts


def _standing_out(session: Session) -> list[Part]:
    """What is followed, searched for, selected, and run to."""
    parts = []
    if session.followed is not None:
        parts.append(Part(f"following {safe_text(session.followed.label, _NAME)}", ink.accent, 7))
        parts += _ends("find.follow_turn")
    if session.selection is not None:
        count = session.selection.high - session.selection.low + 1
        parts.append(Part(f"{count:,} selected", ink.accent, 6))
        parts += _ends("find.select")
    search = session.search
    if search is not None:
        more = "" if search.rows.complete else "+"
        found = f"{len(search.rows):,}{more} match{'' if len(search.rows) == 1 else 'es'}"
        parts.append(Part(f"{safe_text(search.text, _QUERY)}: {found}", ink.warn, 6))
    if session.hunting:
        parts.append(Part(f"looking for {safe_text(session.hunting, _QUERY)} …", ink.warn, 9))
    return parts


def _ends(name: str) -> list[Part]:
    row = current.named(name)
    return [Part(f"({row.cap} ends)", ink.dim, 2)] if row is not None else []


def labels_now(session: Session) -> dict[str, str]:
    """What the keys of everywhere do that do something else the second time, by the names of their rows."""
    if session.mode is Mode.LIVE:
        play = "pause" if session.following else "follow"
    else:
        play = "stop" if session.playback.playing else "play"
    followed = session.followed is not None and session.cursor >= 0 and session.belongs(session.cursor)
    return {
        "time.play": play,
        "find.pin": "pin" if session.component is None else "unpin",
        "find.follow_turn": "unfollow" if followed else "follow",
    }


def fitting(parts: list[Part], width: int) -> list[Part]:
    """As many parts as fit, the weightiest; what does not fit even alone is cut."""
    kept = list(parts)
    while len(kept) > 1 and _width(kept) > width:
        lightest = min(reversed(kept), key=lambda part: part.weight)
        room = width - _width(kept) + width_of(lightest.text)
        if lightest.weight >= _NOTICE and any(part.short for part in kept):
            kept = [part._replace(text=part.short or part.text, short="") for part in kept]
        elif lightest.weight == _NOTICE and room >= _LEAST_NOTICE:
            kept[kept.index(lightest)] = lightest._replace(text=shorten(lightest.text, room))
        else:
            kept.remove(lightest)
    return [part._replace(text=shorten(part.text, width)) for part in kept]


def _width(parts: list[Part]) -> int:
    return sum(width_of(part.text) for part in parts) + len(_SEPARATOR) * (len(parts) - 1)
