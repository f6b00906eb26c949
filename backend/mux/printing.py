"""What is on a stream server, for people and pipes: events as lines, and a table of what is there."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from typing import Final

import msgspec
from msgspec import Struct

from backend.mux.envelope import About, PoisonedError, opened
from backend.mux.poison import decode_poison
from backend.mux.protocol import POISON, START, UNKNOWN, Entry, StreamInfo, Transport
from backend.mux.streams import ALL, EVENTS
from backend.wire.frames import one_line

_AT_ONCE: Final = 64
_WAIT_SECONDS: Final = 0.5
_LOOKED_AT: Final = 256
"""Entries in which producers are looked for: who published none of the latest is not named."""

Note = Callable[[str], None]


async def printed(server: Transport, stream: str, note: Note, *, follow: bool) -> AsyncIterator[bytes]:
    """The events that a stream has, entry by entry, as text; ends with the newest unless told to follow."""
    at, until = START, await server.newest(stream)
    if until == START and not follow:
        return
    while True:
        entries = await server.tail(stream, at, _AT_ONCE, _WAIT_SECONDS)
        if not entries:
            yield b""  # whoever reads may want to stop
        for entry in entries:
            if entry.missed:
                many = "" if entry.missed == UNKNOWN else f"{entry.missed:,} "
                note(f"{many}entries before {entry.id} are gone")
            yield _text(entry, note)
            at = entry.id
            if at == until and not follow:
                return


async def grouped(
    server: Transport, stream: str, group: str, consumer: str, note: Note, *, follow: bool
) -> AsyncIterator[bytes]:
    """As `printed`, of what nobody in the group has had: acknowledged when the next one is asked for."""
    entries = await server.recover(stream, group, consumer, _AT_ONCE, 0)
    while True:
        for entry in entries:
            try:
                opened(entry.payload)
            except PoisonedError as error:
                await server.set_aside(stream, group, entry, str(error))
                note(f"entry {entry.id} is set aside: {error}")
            else:
                yield _text(entry, note)
                await server.ack(stream, group, [entry])
        entries = await server.take(stream, group, consumer, _AT_ONCE, _WAIT_SECONDS)
        if not entries:
            if not follow:
                return
            yield b""  # whoever reads may want to stop


async def poisoned(server: Transport, stream: str) -> AsyncIterator[bytes]:
    """What was set aside, a line of JSON each."""
    at, until = START, await server.newest(stream + POISON)
    while at != until:
        entries = await server.tail(stream + POISON, at, _AT_ONCE, _WAIT_SECONDS)
        if not entries:
            return
        for entry in entries:
            at = entry.id
            if (poison := decode_poison(entry.payload)) is not None:
                yield msgspec.json.encode(poison) + b"\n"


def _text(entry: Entry, note: Note) -> bytes:
    try:
        return b"\n".join((*opened(entry.payload).lines, b""))
    except PoisonedError as error:
        note(f"entry {entry.id} is left out: {error}")
        return b""


class Producer(Struct, frozen=True):
    """Who published some of a stream's latest entries."""

    run: str
    service: str
    host: str
    environment: str
    entries: int
    last_seconds_ago: float


class Told(Struct, frozen=True):
    """What is on a server."""

    schema: str
    server: str
    streams: tuple[StreamInfo, ...]
    producers: tuple[Producer, ...]


async def told(server: Transport, schema: str, *, as_json: bool) -> str:
    """What is on a server, as a table or as JSON."""
    streams = tuple([await server.info(stream) for stream in ALL])
    about = Told(schema, server.name, streams, tuple(await _producers(server)))
    if as_json:
        return msgspec.json.format(msgspec.json.encode(about)).decode() + "\n"
    lines = [f"{'stream':<16} {'entries':>8} {'poisoned':>8}  groups"]
    for one in streams:
        groups = ", ".join(
            f"{one_line(group.name)} ({'?' if group.lag is None else f'{group.lag:,}'} behind, "
            f"{group.pending:,} pending, {group.consumers} consumers)"
            for group in one.groups
        )
        lines.append(f"{one.stream:<16} {one.length:>8,} {one.poisoned:>8,}  {groups or '-'}")
    if about.producers:
        lines += ["", f"{'producer':<24} {'host':<20} {'environment':<12} {'entries':>8} {'last':>8}"]
        lines += [
            f"{one_line(one.service, 20):<24} {one_line(one.host, 20):<20} "
            f"{one_line(one.environment, 12) or '-':<12} {one.entries:>8,} {one.last_seconds_ago:>6.0f} s"
            for one in about.producers
        ]
    return "\n".join((*lines, ""))


async def _producers(server: Transport) -> list[Producer]:
    """Those who published the latest entries of `EVENTS`, in the order of their last ones."""
    at, until = await server.newest(EVENTS, _LOOKED_AT), await server.newest(EVENTS)
    found: dict[str, About] = {}
    while at != until:
        entries = await server.tail(EVENTS, at, _AT_ONCE, _WAIT_SECONDS)
        if not entries:
            break
        for entry in entries:
            at = entry.id
            try:
                about = opened(entry.payload).about
            except PoisonedError:
                continue
            if about is not None:
                found.pop(about.run, None)
                found[about.run] = about
            if at == until:
                break
    now = time.time_ns()
    return [
        Producer(one.run, one.service, one.host, one.environment, one.number, (now - one.ingested_ns) / 1e9)
        for one in reversed(found.values())
    ]
