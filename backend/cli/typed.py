"""Words that are typed: lines from standard input, and the answers to them on standard output."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Final

from backend.errors import UserError
from backend.tap import Batch

_READ: Final = 65_536
_LONGEST: Final = 8_000
"""Bytes of a line: twice what the embedded model's context holds of text."""
_AHEAD: Final = 64


async def typed_lines(descriptor: int) -> AsyncIterator[str | UserError]:
    """Lines of at most 8000 bytes until the input ends, stripped, without empty ones; else what is wrong.

    A thread of its own reads: the loop can wait for a pipe and a terminal, but not for a file or
    ``/dev/null``, and it would leave the terminal unable to block for whoever runs after us. The
    thread cannot be interrupted; it is left behind when the program ends. It reads 64 lines ahead at most.
    """
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[bytes | None] = asyncio.Queue()
    room = threading.Semaphore(_AHEAD)

    def read() -> None:
        # The loop may be closed by the time that somebody types.
        with contextlib.suppress(RuntimeError):
            for line in _split(descriptor):
                room.acquire()
                loop.call_soon_threadsafe(lines.put_nowait, line)
            loop.call_soon_threadsafe(lines.put_nowait, None)

    threading.Thread(target=read, name="typed text", daemon=True).start()
    while (line := await lines.get()) is not None:
        room.release()
        if len(line) > _LONGEST:
            yield UserError(f"a line of more than {_LONGEST} bytes is not taken; say it in pieces")
        elif text := line.decode("utf-8", "replace").strip():
            yield text


def _split(descriptor: int) -> Iterator[bytes]:
    """Lines without their ends; of one that is too long, enough to see that."""
    rest = b""
    # A terminal that went away ends the input like its end does.
    with contextlib.suppress(OSError):
        while data := os.read(descriptor, _READ):
            *lines, rest = (rest + data).split(b"\n")
            yield from lines
            rest = rest[: _LONGEST + 1]
    if rest:
        yield rest


class AnswerPrinter:
    """A sink of the tap that prints what the model answers, a line an answer."""

    def write(self, batch: Batch) -> None:
        """Print the answers among these events."""
        if b'"stream_finished"' not in batch.jsonl:
            return  # spares decoding nearly every batch
        for event in batch.events:
            if event.message_type != "LLM_EVENT" or event.event_type != "message_published":
                continue
            payload = event.payload()
            if payload.get("event") != "stream_finished" or payload.get("finish_reason") == "tool_calls":
                continue
            # What a model says must not steer the terminal.
            text = "".join(letter if letter.isprintable() else " " for letter in str(payload.get("text", "")))
            if text.strip():
                print(text.strip(), flush=True)  # noqa: T201 - data goes to stdout

    def close(self) -> None:
        """Nothing is held."""
