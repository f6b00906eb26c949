"""The lines of the rows: in which store, where, and whether they are still what they were."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from backend.events import BrokenLineError, Event, decode_line
from debugger.log.columns import NONE, Columns, integers
from debugger.log.interner import Interner
from debugger.log.pack import nanoseconds
from debugger.log.stores import BlockStore, FileStore, Store

LIVE: Final = 0
"""The store of lines that came from no file."""

GONE: Final = "…"
"""The only key of an event, or of a snapshot, whose line is no longer there; the value says why."""

_NEAR: Final = 1 << 17
"""Rows, more than ever wait for a cause, among which a line may be before that of an earlier row."""

_PART: Final = 32
"""Bits of an offset. What the ``store`` column numbers is a part of 4 GiB of a store."""

_COUNTED: Final = 1 << 20
"""Bytes that are looked through at once for ends of lines."""


class Part:
    """A `store` from `start` on."""

    def __init__(self, store: Store, start: int) -> None:
        self.store: Final = store
        self.start: Final = start

    @property
    def first_offset(self) -> int:
        """As of `Store`."""
        return max(self.store.first_offset - self.start, 0)

    def read(self, offset: int, length: int) -> bytes:
        """As `Store.read`."""
        return self.store.read(self.start + offset, length)


class Lines:
    """Reads the line of a row, and says so when it is no longer there."""

    def __init__(self, columns: Columns, components: Interner, arena_bytes: int | None) -> None:
        self._columns = columns
        self._components = components
        self.arena: Final = BlockStore(arena_bytes)
        self._stores: list[Store] = [self.arena]
        self._parts: list[tuple[int, Store]] = [(LIVE, self.arena)]
        self._numbers = {(LIVE, 0): 0}

    def add_store(self, store: Store) -> int:
        """One more file; returns its number for `placed`."""
        self._stores.append(store)
        return len(self._stores) - 1

    def placed(
        self, store: int | Sequence[int], offsets: NDArray[np.int64], lengths: NDArray[np.int64]
    ) -> dict[str, NDArray[Any]]:
        """The columns that say where lines are: those of one store, or of one each."""
        parts = offsets >> _PART
        if isinstance(store, int) and int(parts.max()) == int(parts.min()):
            numbers = np.full(len(offsets), self._number(store, int(parts[0])))
        else:
            stores = np.broadcast_to(np.asarray(store, np.int64), offsets.shape)
            numbers = np.zeros(len(offsets), np.int64)
            for one, part in sorted(set(zip(stores.tolist(), parts.tolist(), strict=True))):
                numbers[(stores == one) & (parts == part)] = self._number(one, part)
        return {"store": numbers, "offset": offsets & ((1 << _PART) - 1), "length": lengths}

    def _number(self, store: int, part: int) -> int:
        number = self._numbers.get((store, part))
        if number is None:
            whole = self._stores[store]
            self._parts.append((store, Part(whole, part << _PART) if part else whole))
            number = self._numbers[store, part] = len(self._parts) - 1
        return number

    def store_of(self, number: int) -> Store:
        """What the ``store`` column calls `number`."""
        return self._parts[number][1]

    def numbers(self, rows: Iterable[int]) -> dict[int, int]:
        """The lines of rows as an editor counts them, from 1; those that came live have none.

        Their files are read up to the last of them.
        """
        starts = {number: (place, part << _PART) for (place, part), number in self._numbers.items()}
        wanted: dict[int, list[tuple[int, int]]] = {}
        for row in rows:
            place, start = starts[int(self._columns["store"][row])]
            if place != LIVE:
                wanted.setdefault(place, []).append((start + int(self._columns["offset"][row]), row))
        found: dict[int, int] = {}
        for place, offsets in wanted.items():
            store, at, line = self._stores[place], 0, 1
            for offset, row in sorted(offsets):
                while at < offset:
                    text = store.read(at, min(offset - at, _COUNTED))
                    if not text:
                        break  # the file was cut
                    line += text.count(b"\n")
                    at += len(text)
                if at == offset:
                    found[row] = line
        return found

    def certain(self, number: int) -> bool:
        """Whether what the ``store`` column calls `number` surely holds the lines that were read."""
        store = self._stores[self._parts[number][0]]
        return store.untouched if isinstance(store, FileStore) else True

    def forget(self, row: int, rows: int) -> None:
        """Drop live lines that none of the rows from `row` on, of so many, has.

        Lines are there in the order of their rows, but for some that waited for a cause in another feed.
        """
        near = slice(row, min(row + _NEAR, rows))
        places, offsets = self._columns["store"][near], self._columns["offset"][near]
        begins = [
            (part << _PART) + int(offsets[places == number].min())
            for (store, part), number in self._numbers.items()
            if store == LIVE and (places == number).any()
        ]
        if begins:
            self.arena.forget(min(begins))

    def raw(self, row: int) -> bytes:
        """The line of a row without its newline; empty if it is gone, or another one stands there now."""
        place, line = self._read(row)
        return line if place == LIVE or self._checked(row, line) is not None else b""

    def decoded(self, row: int) -> Event | None:
        """The event of a row; None if its line is gone."""
        place, line = self._read(row)
        if place != LIVE:
            return self._checked(row, line)
        return decode_line(line) if line else None

    def event(self, row: int) -> dict[str, Any]:
        """The whole event as a fresh dict; `gone` if its line is."""
        line = self.raw(row)
        if not line:
            return self.gone(row)
        try:
            event = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            try:
                event = json.loads(line)  # it reads `1e999`
            except (ValueError, RecursionError) as error:
                return {GONE: f"cannot be shown: {error}"}
        return event if isinstance(event, dict) else self.gone(row)

    def gone(self, row: int) -> dict[str, Any]:
        """What stands for an event whose line is gone: ``{'…': why}``."""
        return {GONE: self.why_gone(row)}

    def why_gone(self, row: int) -> str:
        """Why the line of a row is not there."""
        evicted = self._parts[self._columns["store"][row]][0] == LIVE
        return "evicted" if evicted else "no longer in the file"

    def _read(self, row: int) -> tuple[int, bytes]:
        columns = self._columns
        place, store = self._parts[columns["store"][row]]
        length = int(columns["length"][row])
        line = store.read(int(columns["offset"][row]), length)
        return place, line if len(line) == length else b""

    def _checked(self, row: int, line: bytes) -> Event | None:
        """The event of a file's line, if it is still the one that was read: anybody may write to a file."""
        try:
            event = decode_line(line) if line else None
        except BrokenLineError:
            return None
        if event is None:
            return None
        columns = self._columns
        same = (
            columns["timestamp_ns"][row] == integers([nanoseconds(event)], np.int64)[0]
            and columns["seq"][row] == integers([NONE if event.seq is None else event.seq], np.int64)[0]
            and self._components.id_of(event.component) == columns["component"][row]
        )
        return event if same else None
