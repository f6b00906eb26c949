"""The status line: mode, connection, rate, counts, losses, place. Parts in the order of their weight."""

from __future__ import annotations

from typing import NamedTuple

from rich.style import Style

from debugger.log import NONE
from debugger.tui import units
from debugger.tui.palette import ink
from debugger.tui.session import Mode, Session
from debugger.tui.text import safe_text, shorten, width_of

_NAME = 40
_SEPARATOR = "  "


class Part(NamedTuple):
    """A piece of the line; those of the lowest ``weight`` go first when room is short."""

    text: str
    style: Style
    weight: int


def status_parts(session: Session) -> list[Part]:
    """What there is to say, from left to right."""
    log, link = session.log, session.link
    parts = [_mode(session)]
    name = safe_text(link.name, 200)
    if link.up:
        parts.append(Part(shorten(name, _NAME), ink.plain, 5))
    else:
        parts.append(Part(safe_text(link.detail, 160) or name, ink.bad, 9))
    if session.progress is not None:
        parts.append(Part(f"loading {session.progress:.0%}", ink.warn, 8))
    if session.mode is Mode.LIVE:
        parts.append(Part(units.rate(session.rate.rate(session.clock())), ink.plain, 6))
    parts.append(Part(_counts(session), ink.dim, 4))
    parts += _losses(session)
    if session.notice is not None:
        style = ink.bad if session.notice.bad else ink.warn
        parts.append(Part(safe_text(session.notice.text, 200), style, 10))
    row = session.cursor
    if row >= 0:
        seq = int(log.column("seq")[row])
        parts.append(Part(f"#{row + 1 if seq == NONE else seq}", ink.bold, 7))
        parts.append(Part(units.clock_time(int(log.column("timestamp_ns")[row])), ink.plain, 3))
    return parts


def _mode(session: Session) -> Part:
    if session.mode is Mode.REPLAY:
        playing = session.playback.playing
        return Part(
            f" REPLAY {'▶' if playing else '■'} {units.speed(session.playback.speed)} ",
            ink.inverse(ink.colours.accent),
            10,
        )
    if not session.link.up:
        return Part(" NO CONNECTION ", ink.inverse(ink.colours.red), 10)
    if session.following:
        return Part(" LIVE ", ink.inverse(ink.colours.green), 10)
    news = f" +{units.count(session.news)} new" if session.news else ""
    return Part(f" PAUSED{news} ", ink.inverse(ink.colours.yellow), 10)


def _counts(session: Session) -> str:
    total = f"{len(session.log):,} events"
    if not session.shown.filtered:
        return total
    more = "" if session.shown.complete else "+"
    return f"{len(session.shown):,}{more} of {total}"


def _losses(session: Session) -> list[Part]:
    stats = session.log.stats
    told = []
    if stats.gaps:
        lost = f", {session.lost:,} lost" if session.lost else ""
        told.append(f"{stats.gaps:,} gap{'s' if stats.gaps > 1 else ''}{lost}")
    missing = sum(stats.missing.values()) - session.lost
    if missing > 0:
        told.append(f"{missing:,} missing")
    if stats.broken_count:
        told.append(f"{stats.broken_count:,} broken line{'s' if stats.broken_count > 1 else ''}")
    if session.misunderstood:
        told.append(f"{session.misunderstood:,} not understood")
    if stats.evicted:
        told.append(f"{units.count(stats.evicted)} without payload")
    return [Part("✗ " + " · ".join(told), ink.bad, 8)] if told else []


def fitting(parts: list[Part], width: int) -> list[Part]:
    """As many parts as fit, the weightiest; what does not fit even alone is cut."""
    kept = list(parts)
    while len(kept) > 1 and _width(kept) > width:
        kept.remove(min(reversed(kept), key=lambda part: part.weight))
    return [part._replace(text=shorten(part.text, width)) for part in kept]


def _width(parts: list[Part]) -> int:
    return sum(width_of(part.text) for part in parts) + len(_SEPARATOR) * (len(parts) - 1)
