"""Rows of a log as another process can take them: places in files that it has open too, or text."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from debugger.judging.messages import Piece
from debugger.log import EventLog
from debugger.log.lines import Part
from debugger.log.stores import FileStore, Store

ROWS: Final = 4_096
TEXT_BYTES: Final = 1 << 19
"""Of a piece, at most; but one line at least."""


class _Known(NamedTuple):
    """What a number in the ``store`` column is: a file (0: none), and where its part of it begins."""

    file: int
    start: int
    store: Store


class Sender:
    """Makes pieces. ``files`` are the open files of the log, as they are when it is made."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._known: dict[int, _Known] = {}
        self.files: Final[list[FileStore]] = []
        self._closed = False

    def look(self) -> None:
        """Find the files of rows that are there: before the process is started, which inherits them."""
        for number in np.unique(self._log.column("store")[self._log.first_row :]).tolist():
            self._meaning(number)
        self._closed = True  # those that are opened later are sent as text

    def _meaning(self, number: int) -> _Known:
        known = self._known.get(number)
        if known is None:
            part = self._log.store_of(number)
            store, start = (part.store, part.start) if isinstance(part, Part) else (part, 0)
            if isinstance(store, FileStore) and store not in self.files and not self._closed:
                self.files.append(store)
            file = self.files.index(store) + 1 if isinstance(store, FileStore) and store in self.files else 0
            known = self._known[number] = _Known(file, start, store)
        return known

    def piece(self, start: int, stop: int) -> Piece:
        """Some rows from `start` on, one at least, up to `stop` at most."""
        log = self._log
        stop = min(stop, start + ROWS)
        numbers = log.column("store")[start:stop].astype(np.int64)
        offsets = log.column("offset")[start:stop].astype(np.int64)
        lengths = log.column("length")[start:stop].astype(np.int64)
        stores = np.zeros(len(numbers), np.int64)
        for number in np.unique(numbers).tolist():
            known, mine = self._meaning(number), numbers == number
            stores[mine] = known.file
            offsets[mine] += known.start
        if stores.all():
            return Piece(stores, offsets, lengths, b"")
        enough = int(np.searchsorted(np.cumsum(lengths), TEXT_BYTES)) + 1
        numbers, stores, offsets, lengths = (one[:enough] for one in (numbers, stores, offsets, lengths))
        text = b""
        for number in np.unique(numbers[stores == 0]).tolist():
            mine = numbers == number
            read, places = _read(self._meaning(number).store, offsets[mine].tolist(), lengths[mine].tolist())
            offsets[mine] = np.array(places) + len(text)
            text += read
        return Piece(stores, offsets, lengths, text)


def _read(store: Store, offsets: list[int], lengths: list[int]) -> tuple[bytes, list[int]]:
    """Lines, and where they begin in the text; a line that is gone is told to begin behind it."""
    first = min(offsets)
    span = max(map(int.__add__, offsets, lengths)) - first
    if span <= 2 * (sum(lengths) + len(lengths)):  # next to each other, but for some that waited for a cause
        text = store.read(first, span)
        if len(text) == span:
            return text, [offset - first for offset in offsets]
    found, places, at = [], [], 0
    for offset, length in zip(offsets, lengths, strict=True):
        line = store.read(offset, length)
        places.append(at if len(line) == length else _GONE)
        found.append(line)
        at += len(line)
    return b"".join(found), places


_GONE: Final = 1 << 60
