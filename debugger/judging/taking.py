"""Rows as they come from another process into a log that is the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from backend.events import BrokenLineError, Event, decode_line, encode_event
from backend.events.vocabulary import GAP, SYSTEM
from debugger.judging.messages import Piece
from debugger.log import SYNTHETIC, EventLog
from debugger.log.lines import LIVE
from debugger.log.stores import FileStore
from debugger.sources.headings import Headings
from debugger.sources.linereader import LineReader

_REASON: Final = "its line was gone before it could be judged"


class Taker:
    """Appends pieces. ``unread`` counts rows whose lines are gone: each of them is a gap here."""

    def __init__(self, log: EventLog, files: Sequence[FileStore]) -> None:
        self._log = log
        self._files = files
        self._stores = [LIVE, *(log.add_store(one) for one in files)]
        self._headings = Headings()
        self.unread = 0

    def take(self, piece: Piece) -> None:
        """All of its rows, in order."""
        lines = self._lines(piece)
        rows = len(piece.lengths)
        body = b"\n".join((*lines, b""))
        batch = LineReader("", 0, self._headings).take(body)
        if len(batch.events) != rows or not np.array_equal(batch.lengths, piece.lengths):
            self._take_each(lines)
        elif piece.stores.all():
            stores = np.array(self._stores)[piece.stores].tolist()
            one = len(set(stores)) == 1
            self._log.extend_packed(
                batch.packed(), stores[0] if one else stores, piece.offsets, piece.lengths
            )
        else:
            begin = self._log.put_lines(body)
            self._log.extend_packed(batch.packed(), LIVE, batch.offsets + begin, batch.lengths)

    def _lines(self, piece: Piece) -> list[bytes]:
        """The lines; empty where they are gone."""
        lines = [b""] * len(piece.lengths)
        for store in np.unique(piece.stores).tolist():
            mine = np.flatnonzero(piece.stores == store)
            offsets, lengths = piece.offsets[mine], piece.lengths[mine]
            first, text = 0, piece.text
            if store:
                first = int(offsets.min())
                text = self._files[store - 1].read(first, int((offsets + lengths).max()) - first)
            for row, offset, length in zip(
                mine.tolist(), (offsets - first).tolist(), lengths.tolist(), strict=True
            ):
                line = text[offset : offset + length]
                lines[row] = line if len(line) == length else b""
        return lines

    def _take_each(self, lines: list[bytes]) -> None:
        """One by one, since some of them are gone."""
        events: list[Event] = []
        for number, line in enumerate(lines):
            try:
                events.append(decode_line(line))
            except BrokenLineError:
                self.unread += 1
                events.append(self._lost(events[-1] if events else None))
                lines[number] = encode_event(events[-1])
        self._log.append_many(lines, events)

    def _lost(self, before: Event | None) -> Event:
        """In place of an event: something is missing here."""
        times, rows = self._log.column("timestamp_ns"), len(self._log)
        at_ns = (before.timestamp_ns if before is not None else None) or (int(times[rows - 1]) if rows else 0)
        told = {"source": None, "from_seq": None, "to_seq": None, "reason": _REASON}
        return Event(at_ns / 1e9, SYSTEM, SYNTHETIC, GAP, data=told, timestamp_ns=at_ns, severity="warning")
