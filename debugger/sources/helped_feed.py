"""A live feed that a helper process reads, so that whoever looks at the screen waits for no decoding."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

import msgspec
from msgspec import Struct, structs

from debugger.sources.arrival import Arrival
from debugger.sources.control import HelperVoice
from debugger.sources.feed import Disconnected, Update
from debugger.sources.feed_messages import message_from_wire
from debugger.sources.feed_process import Order
from debugger.sources.opening import Source, source_of
from debugger.sources.pipes import (
    GIVES_BACK,
    LENGTH_BYTES,
    Helper,
    end_of,
    output_of,
    start,
    worth_a_process,
)

_MODULE: Final = "debugger.sources.feed_process"
_AT_ONCE: Final = 1 << 20  # bytes that are taken from the pipe before it is left alone for a while

MOST_DEATHS: Final = 3
"""Helpers that may die one after the other without a word of news; then the feed is read here."""

_LAST_SECONDS: Final = 0.05  # from the end of what it says to its own


class HelperLost(Struct, frozen=True):
    """The process that read the feed is gone. What it had not told yet is asked for anew."""

    message: str


class HelpedFeed:
    """Iterate over it as over a `FeedSource`: what comes is the same, but that events are packed.

    When a helper dies, another goes on where the debugger is: what was on its way is in the server's history,
    or is a gap that the server names. Where there are no helpers to be had, the feed is read here.
    """

    def __init__(self, source: Source, *, weaving: bool = False) -> None:
        self.url = source.url
        self._asked = source.asked
        self._weaving = weaving
        self._helper: Helper | None = None
        self._deaths = 0
        self._voice: HelperVoice | None = None
        self._here: Source | None = None

    def say(self, frame: str) -> bool:
        """Send the server a frame; false where nobody could take it."""
        voice = self._here if self._here is not None else self._voice
        return voice is not None and voice.say(frame)

    def prepare(self) -> None:
        """Begin to read: while the interface is still being loaded, say."""
        if self._helper is None and worth_a_process():
            with contextlib.suppress(OSError):
                self._helper = self._start()

    def stop(self) -> None:
        """End the helper, whatever it does. Idempotent."""
        helper, self._helper = self._helper, None
        self._mute()
        if helper is not None:
            helper.kill()
            helper.wait()
            for pipe in (helper.stdin, helper.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()

    async def __aiter__(self) -> AsyncIterator[Update | Arrival | HelperLost]:
        """What the feed says."""
        try:
            while self._deaths < MOST_DEATHS:
                self.prepare()
                if self._helper is None:
                    break
                async for told in self._told_by(self._helper):
                    yield told
                    if isinstance(told, Disconnected) and told.retry_in is None:
                        return
                self._deaths += 1
                how = end_of(self._helper, _LAST_SECONDS)
                self.stop()
                follows = (
                    "another one goes on" if self._deaths < MOST_DEATHS else "from now on it is read here"
                )
                yield HelperLost(f"the process that reads {self.url} {how}; {follows}, nothing is lost")
                yield Disconnected("its reader is gone", self._asked.first_delay)
                await asyncio.sleep(self._asked.first_delay)
        finally:
            self.stop()
        self._here = source_of(self._asked)
        async for update in self._here:
            yield update

    async def _told_by(self, helper: Helper) -> AsyncIterator[Update | Arrival]:
        """What one helper tells, until it ends, or says what nobody understands."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(_AT_ONCE)
        pipe, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), output_of(helper)
        )
        if helper.stdin is not None:
            self._voice = await HelperVoice.to(helper.stdin)
        try:
            while True:
                length = int.from_bytes(await reader.readexactly(LENGTH_BYTES), "little")
                message = message_from_wire(await reader.readexactly(length))
                if message.position != self._asked.position:
                    self._asked = structs.replace(self._asked, position=message.position)
                    self._deaths = 0
                for told in message.told:
                    yield told
        except (asyncio.IncompleteReadError, msgspec.DecodeError, OSError):
            return
        finally:
            pipe.close()
            self._mute()

    def _mute(self) -> None:
        voice, self._voice = self._voice, None
        if voice is not None:
            voice.close()

    def _start(self) -> Helper:
        helper = start(_MODULE, (), asked=True, memory=GIVES_BACK)
        order = msgspec.json.encode(Order(self._asked, self._weaving))
        if (
            helper.stdin is not None
        ):  # not as an argument: anybody may read those, and there may be a token in it
            with contextlib.suppress(BrokenPipeError):
                helper.stdin.write(order + b"\n")
                helper.stdin.flush()
        return helper
