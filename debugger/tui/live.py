"""A live feed into the session, update by update."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable
from typing import Final

from backend.wire.client import EventsReceived, GapReceived, NotUnderstood, ServerRefused, SourceChanged
from debugger.sources.feed import PATH, Connected, Disconnected, Update
from debugger.tui.session import Link, Session

_YIELD_EVERY: Final = 2_000  # events; between them the screen gets its turn


async def pump(updates: AsyncIterable[Update], session: Session) -> None:
    """Take in what the feed says until it ends for good."""
    since_break = 0
    async for update in updates:
        take(update, session)
        if isinstance(update, EventsReceived):
            since_break += len(update.events)
            if since_break >= _YIELD_EVERY:
                since_break = 0
                await asyncio.sleep(0)


def take(update: Update, session: Session) -> None:
    """One update. Whatever is lost becomes a row of the log and a number in the status line."""
    log, name = session.log, session.link.name
    match update:
        case EventsReceived(lines=lines, events=events):
            log.append_many(lines, events)
        case Connected(url=url, hello=hello, again=again):
            session.link = Link(short(url))
            log.topology.add_hello(hello.topology_object())
            if again:
                session.say("connected again")
        case Disconnected(reason=reason, retry_in=retry_in):
            again_in = "given up" if retry_in is None else f"trying again in {retry_in:.1g} s"
            session.link = Link(name, up=False, detail=f"{reason} · {again_in}")
        case GapReceived(source=source, from_seq=first, to_seq=last, count=lost):
            session.lost += lost
            log.append_gap(source, first, last, "the feed could not keep them for this client")
        case SourceChanged(old=old, known_seq=known, ended=False):
            log.append_gap(
                old, known + 1, None, "the program ended without saying so; its last events may be missing"
            )
            session.say("another program run answers now")
        case SourceChanged():
            session.say("another program run answers now")
        case NotUnderstood(message=message):
            session.misunderstood += 1
            session.say(message, bad=True)
        case ServerRefused(message=message):
            session.say(f"refused: {message}", bad=True)


def short(url: str) -> str:
    """A feed's URL as people say it: without scheme and usual path."""
    return url.removeprefix("ws://").removesuffix(PATH)
