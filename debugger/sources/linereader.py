"""Bytes to whole lines to events, with the place of each line. No I/O."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from backend.events import BrokenLineError, Event, Payload, decode_line
from debugger.log.pack import Heading, Pack, pack, places_of_states
from debugger.log.records import BrokenLine
from debugger.sources.headings import Decode, Headings

MAX_LINE: Final = 64 << 20
"""Bytes of a line, above which it is skipped as broken instead of filling the memory."""

_NEWLINE, _RETURN = b"\n\r"
_BOM: Final = b"\xef\xbb\xbf"


class Batch(NamedTuple):
    """Events in the order of the file, and where their lines are in the store.

    ``text`` begins at the place ``base`` of the store; ``states`` are the events that have a state.
    """

    events: list[Heading]
    offsets: NDArray[np.int64]
    lengths: NDArray[np.int64]
    text: bytes
    base: int
    states: list[int]

    def payload(self, at: int) -> Payload:
        """The payload of one of the events."""
        start = int(self.offsets[at]) - self.base
        return decode_line(self.text[start : start + int(self.lengths[at])]).data

    def packed(self) -> Pack:
        """The events, of which there must be one at least, made ready for the log."""
        return pack(self.events, self.payload, self.states)


NOTHING: Final = Batch([], np.zeros(0, np.int64), np.zeros(0, np.int64), b"", 0, [])


class LineReader:
    """Takes text piece by piece, and counts lines.

    A last line without its end waits in ``pending``, which begins at ``pending_offset``. When the text
    is over, `take_last` takes it if it is an event; else it is ``torn``. Broken lines are collected
    in ``broken``.
    """

    def __init__(self, path: str, offset: int = 0, headings: Headings | None = None) -> None:
        self.path = path
        self.broken: list[BrokenLine] = []
        self.torn: BrokenLine | None = None
        self.lines = 0
        self.events = 0
        self.pending = b""
        self.pending_offset = offset
        self._headings = headings or Headings()
        self._unended = False  # the last line taken had no end; one may still come
        self._skipping = False  # inside a line that is too long

    def take(self, text: bytes) -> Batch:
        """The events of the lines that `text` ends."""
        offset = self.pending_offset
        if self._skipping:
            end = text.find(b"\n") + 1
            self._skipping = not end
            self.lines += bool(end)
            skipped = end or len(text)
            offset += skipped
            text = text[skipped:]
        elif self._unended and text:
            # Its line was counted already: an end that comes now ends no line of its own.
            self._unended = False
            self.lines -= text.startswith((b"\n", b"\r\n"))
        if self.pending:
            text = self.pending + text
        end = text.rfind(b"\n") + 1
        self.pending, self.pending_offset = text[end:], offset + end
        batch = self._decoded(text, end - 1, offset) if end else NOTHING
        if len(self.pending) > MAX_LINE:
            self.broken.append(BrokenLine(self.lines + 1, f"over {MAX_LINE >> 20} MiB", self.path))
            self._skipping = True
            self.pending_offset += len(self.pending)
            self.pending = b""
        return batch

    def take_last(self) -> Batch:
        """A last line without its end: an event if it is one, else torn."""
        self.torn = None
        line, offset = self.pending, self.pending_offset
        if not line.strip() or self._skipping:
            return NOTHING
        before = len(self.broken)
        batch = self._decoded(line, len(line), offset)
        if batch.events:
            self.pending, self.pending_offset = b"", offset + len(line)
            self._unended = True
        else:
            self.lines -= 1
            self.torn = self.broken.pop() if len(self.broken) > before else None
        return batch

    def skip_to(self, offset: int, lines: int, events: int, broken: list[BrokenLine]) -> None:
        """Whole lines up to `offset` were taken by somebody else, who counted lines from 1."""
        self.broken += [line._replace(line=line.line + self.lines) for line in broken]
        self.lines += lines
        self.events += events
        self.pending, self.pending_offset = b"", offset

    def _decoded(self, text: bytes, end: int, offset: int) -> Batch:
        """The lines of `text` before `end`, where the last of them ends, as events."""
        batch = _decoded_at_once(text, end, offset, self._headings.decode)
        if batch is not None:
            self.lines += len(batch.events)
        else:
            batch = self._decoded_each(text[:end], offset)
            self.lines += text.count(b"\n", 0, end) + 1
        self.events += len(batch.events)
        return batch

    def _decoded_each(self, text: bytes, offset: int) -> Batch:
        """Line by line, where at least one is not plain and good."""
        events: list[Heading] = []
        places: list[tuple[int, int]] = []
        base = offset
        for number, line in enumerate(text.split(b"\n"), self.lines + 1):
            content = line.removesuffix(b"\r")
            event = self._event(content, number)
            if event is not None:
                bom = len(_BOM) if content.startswith(_BOM) else 0
                events.append(event)
                places.append((offset + bom, len(content) - bom))
            offset += len(line) + 1
        offsets, lengths = np.array(places, np.int64).reshape(-1, 2).T
        states = places_of_states([event.component_state for event in events]) or []
        return Batch(events, offsets, lengths, text, base, states)

    def _event(self, line: bytes, number: int) -> Event | None:
        """The event of a line; a blank one is nothing, any other is broken."""
        line = line.removeprefix(_BOM)
        if not line.strip():
            return None
        try:
            return decode_line(line)
        except BrokenLineError as error:
            self.broken.append(BrokenLine(number, str(error), self.path))
            return None


def _decoded_at_once(text: bytes, end: int, offset: int, decode: Decode) -> Batch | None:
    """All lines at once, which takes half the time; None if one is blank, broken or ends in CR LF."""
    body = memoryview(text)[:end]
    try:
        events = decode(body)
        if not text.isascii():
            str(body, "utf-8")  # what is passed over is not looked at otherwise
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    chars = np.frombuffer(body, np.uint8)
    ends = np.append(np.flatnonzero(chars == _NEWLINE), end)
    if len(events) != len(ends) or (chars[ends - 1] == _RETURN).any():
        return None
    states = places_of_states([event.component_state for event in events])
    if states is None:
        return None
    starts = np.empty_like(ends)
    starts[0], starts[1:] = 0, ends[:-1] + 1
    return Batch(events, starts + offset, ends - starts, text, offset, states)
