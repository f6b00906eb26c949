"""Texts that end in a count, such as ``assistant-51fd1951-17``: counts to rows, at 0 to 4 bytes each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from debugger.log.distinct import distinct

DIGITS: Final = "0123456789"
NOWHERE: Final = -1
LARGEST: Final = (1 << 32) - 1
"""A larger count is no count, but random digits or a time."""

_LONGEST: Final = len(str(LARGEST))

_LEADING_ZERO: Final = re.compile(rb",0[0-9]")
_ZERO, _NINE = ord("0"), 9
_DIGITS: Final = 9
_POWERS: Final = 10 ** np.arange(_DIGITS - 1, -1, -1)
_FEW: Final = 16  # in disorder: not worth a table of their own
_FIRST: Final = 8


def numbers_after(head: str, texts: Sequence[str]) -> NDArray[np.int64] | None:
    """The counts that the texts end in; None unless each is `head` and a count as `str` writes it."""
    if "\n" in head:
        return None
    joined = "\n" + "\n".join(texts)
    if not joined.isascii():
        return _any_width(head, texts, joined)
    numbers = _one_width(head.encode(), len(texts), joined.encode()) if head.isascii() else None
    return _any_width(head, texts, joined) if numbers is None else numbers


def _one_width(head: bytes, count: int, joined: bytes) -> NDArray[np.int64] | None:
    """The counts if all have as many digits, as nearly all that come together do: ten times as fast."""
    width, rest = divmod(len(joined), count)
    digits = width - len(head) - 1
    if rest or not 0 < digits <= _DIGITS:
        return None
    chars = np.frombuffer(joined, np.uint8).reshape(count, width)
    numerals = chars[:, -digits:] - _ZERO
    if not (chars[:, :-digits] == np.frombuffer(b"\n" + head, np.uint8)).all() or (numerals > _NINE).any():
        return None
    numbers: NDArray[np.int64] = numerals @ _POWERS[-digits:]
    # With a digit less it would have a zero in front.
    return numbers if digits == 1 or int(numbers.min()) >= _POWERS[-digits] else None


def _any_width(head: str, texts: Sequence[str], joined: str) -> NDArray[np.int64] | None:
    # A text that does not begin with `head` keeps its newline; one with a newline in it adds a comma.
    told = joined.replace("\n" + head, ",")
    if not told.isascii():
        return None
    counts = told.encode()
    if (
        not counts.replace(b",", b"").isdigit()
        or counts.count(b",") != len(texts)
        or b",," in counts
        or counts.endswith(b",")
        or (b",0" in counts and _LEADING_ZERO.search(counts) is not None)
    ):
        return None
    numbers: NDArray[np.int64] = np.fromstring(counts[1:].decode(), np.int64, sep=",")
    # What is beyond 64 bits reads as their largest number.
    return numbers if len(numbers) == len(texts) and int(numbers.max()) <= LARGEST else None


def taken_apart(text: str) -> tuple[str, int]:
    """The head and the count of a text; the whole of it and `NOWHERE` if it has none."""
    head = text.rstrip(DIGITS)
    digits = text[len(head) :]
    if not digits or (digits[0] == "0" and len(digits) > 1) or len(digits) > _LONGEST or "\n" in head:
        return text, NOWHERE
    count = int(digits)
    return (head, count) if count <= LARGEST else (text, NOWHERE)


class Series:
    """Counts to rows, in stretches that do not overlap and begin ever later.

    A stretch in which both go up by one is three numbers, however long it is. One in which only
    the counts do so is a table. What comes late, twice or far apart is not taken. One thread
    adds while others look up.
    """

    def __init__(self) -> None:
        self._stretches = 0
        self._firsts = np.zeros(_FIRST, np.int64)
        self._counts = np.zeros(_FIRST, np.int64)
        self._rows = np.zeros(_FIRST, np.int64)  # of the first count; of a table, -1 - its place
        self._tables: list[NDArray[Any]] = []
        self._end = 0
        self._dead = 0  # stretches at the front of which all rows are forgotten

    def add(self, numbers: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.bool_] | None:
        """Enter counts below 2**32 with their rows; tells which were not taken, None if all were."""
        breaks = np.flatnonzero((np.diff(numbers) != 1) | (np.diff(rows) != 1)) + 1
        if len(breaks) * 8 >= len(numbers):
            return self._add_mixed(numbers, rows)
        left = np.zeros(len(numbers), np.bool_)
        starts = [0, *breaks.tolist()]
        for start, stop in zip(starts, [*starts[1:], len(numbers)], strict=True):
            left[start:stop] = not self._add_run(int(numbers[start]), stop - start, int(rows[start]))
        return left if left.any() else None

    def add_one(self, count: int, row: int) -> bool:
        """Enter one count with its row; whether it was taken."""
        return self._add_run(count, 1, row)

    def _add_run(self, first: int, count: int, row: int) -> bool:
        if first < self._end:
            return False
        last = self._stretches - 1
        if last >= 0 and first == self._end and self._rows[last] >= 0:
            follows = row == self._rows[last] + self._counts[last]
            if follows:
                self._counts[last] += count
                self._end = first + count
                return True
        self._append(first, count, row)
        return True

    def _add_mixed(self, numbers: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.bool_] | None:
        """Counts whose rows are elsewhere in between, or that are a little out of order, as a table."""
        new = numbers >= self._end
        fitting = np.flatnonzero(new)
        if len(fitting) < _FEW:
            taken = [
                self._add_run(number, 1, row)
                for number, row in zip(numbers.tolist(), rows.tolist(), strict=True)
            ]
            return None if all(taken) else ~np.array(taken, np.bool_)
        first, last = int(numbers[fitting].min()), int(numbers[fitting].max())
        if last - first >= 4 * len(fitting):
            return np.ones(len(numbers), np.bool_)
        # Rows from 1; 0 is nowhere.
        table = np.zeros(last - first + 1, np.int64 if int(rows.max()) >= LARGEST else np.uint32)
        table[numbers[fitting] - first] = rows[fitting] + 1
        kept = np.zeros(len(numbers), np.bool_)
        # Of a count that comes twice at once, the row that the table has is the one that counts.
        kept[fitting] = table[numbers[fitting] - first] == rows[fitting] + 1
        self._tables.append(table)
        self._append(first, last - first + 1, -len(self._tables))
        return None if kept.all() else ~kept

    def _append(self, first: int, count: int, row: int) -> None:
        at = self._stretches
        if at == len(self._firsts):
            self._firsts, self._counts, self._rows = (
                np.concatenate((old, np.zeros_like(old))) for old in (self._firsts, self._counts, self._rows)
            )
        self._firsts[at], self._counts[at], self._rows[at] = first, count, row
        self._stretches = at + 1  # from here on readers in other threads see it
        self._end = first + count

    def forget(self, first: int) -> bool:
        """Drop stretches that hold only rows below `first`; whether all are gone. Not while others look up.

        Only those in front go: rows mostly come in the order of their counts.
        """
        dead = self._dead
        while dead < self._stretches and self._last_row(dead) < first:
            dead += 1
        self._dead = dead
        if dead == self._stretches or dead >= max(_FEW, self._stretches // 2):
            gone = int((self._rows[:dead] < 0).sum())
            for name in ("_firsts", "_counts", "_rows"):
                kept = getattr(self, name)[dead : self._stretches]
                setattr(self, name, np.concatenate((kept, np.zeros(max(len(kept), _FIRST), np.int64))))
            self._rows[self._rows < 0] += gone
            self._tables = self._tables[gone:]
            self._stretches -= dead
            self._dead = 0
        return not self._stretches

    def _last_row(self, stretch: int) -> int:
        row = int(self._rows[stretch])
        return row + int(self._counts[stretch]) - 1 if row >= 0 else int(self._tables[-1 - row].max()) - 1

    def find(self, count: int) -> int:
        """The row of one count, or `NOWHERE`."""
        at = int(self._firsts[: self._stretches].searchsorted(count, side="right")) - 1
        within = count - int(self._firsts[at])
        if at < 0 or within >= int(self._counts[at]):
            return NOWHERE
        row = int(self._rows[at])
        return row + within if row >= 0 else int(self._tables[-1 - row][within]) - 1

    def find_all(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """A row for each count, or `NOWHERE`."""
        size = self._stretches
        if not size:
            return np.full(len(numbers), NOWHERE, np.int64)
        firsts, counts, rows = self._firsts, self._counts, self._rows
        at = np.searchsorted(firsts[:size], numbers, side="right") - 1
        at[at < 0] = 0
        within, begin = numbers - firsts[at], rows[at]
        inside = (within >= 0) & (within < counts[at])
        found = np.where(inside, begin + within, NOWHERE)
        tabled = np.flatnonzero(inside & (begin < 0))
        for place in distinct(at[tabled]).tolist() if len(tabled) else ():
            mine = tabled[at[tabled] == place]
            found[mine] = self._tables[-1 - int(rows[place])][within[mine]].astype(np.int64) - 1
        return found
