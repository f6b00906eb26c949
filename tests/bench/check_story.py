"""Recordings of any length, as text: conversations at once, and when one has ended another one begins.

Each has its own session, workers, tasks and ids, in payloads and states too, and comes to its end: so that
nothing is to be found in a long one that is not in the recorded ones that it is told after.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

import msgspec

from backend.events import Event, encode_event
from tests.bench.order_story import RECORDED, recorded, renamed

_STEP_NS: Final = 100_000
_START_NS: Final = 1_760_000_000_000_000_000
_SESSIONS: Final = 100_000
_AT_ONCE: Final = 4_096

Runs = list[list[Event]]
Ids = dict[str | None, str | None]
"""Of a conversation, those that its events have now, by those that they had."""


def lines_of(conversations: int, count: int, seed: int = 1) -> Iterator[bytes]:
    """At least so many lines, each with its newline; the last conversations are told to their end."""
    chance = random.Random(seed)
    stories = [recorded(name) for name in RECORDED]
    going: list[tuple[int, Runs, Ids]] = []
    begun = written = 0
    while written < count or going:
        while len(going) < conversations and written < count:
            story = stories[begun % len(stories)]
            going.append((begun, _runs(story, begun), {None: None}))
            begun += 1
        one = chance.randrange(len(going))
        number, runs, ids = going[one]
        for event in runs.pop():
            written += 1
            ids[event.id] = f"assistant-{written}"
            yield _line(event, number, written, ids)
        if not runs:
            going[one] = going[-1]
            going.pop()


def write(conversations: int, path: Path, count: int) -> int:
    """Write a recording; says how many events it has."""
    written, some = 0, []
    with path.open("wb") as file:
        for line in lines_of(conversations, count):
            some.append(line)
            written += 1
            if len(some) == _AT_ONCE:
                file.writelines(some)
                some.clear()
        file.writelines(some)
    return written


def _runs(story: list[Event], number: int) -> Runs:
    """What its tasks do in one go each, the last one first."""
    told = (renamed(event, number) for event in story)
    return [list(run) for _, run in groupby(told, lambda event: event.task)][::-1]


def _line(event: Event, number: int, seq: int, ids: Ids) -> bytes:
    after = seq * _STEP_NS
    told = msgspec.structs.replace(
        event,
        id=ids[event.id],
        cause=ids.get(event.cause),
        seq=seq,
        timestamp=(_START_NS + after) / 1e9,
        timestamp_ns=_START_NS + after,
        mono_ns=after,
    )
    own = b"s%d" % (_SESSIONS + number)
    text = encode_event(told).replace(b'"s1"', b'"%b"' % own)
    return text.replace(b'"s1-w', b'"%b-w' % own).replace(b'"s1_', b'"%b_' % own) + b"\n"
