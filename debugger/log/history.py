"""When a field of a state changed: the last time, the next, all of them; found bit by bit.

A field may stand still for millions of snapshots. So `FieldSearch` looks at some at a time and says
how far it is; `last_change`, `next_change` and `history` are for who can wait.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal, NamedTuple

from msgspec import Struct

from backend.wire.query.nodes import MISSING
from debugger.log.eventlog import EventLog
from debugger.log.fields import Path, cutter, decode_value, read_lines, same

Kind = Literal["first", "appeared", "changed", "vanished", "unknown"]

_FIRST_BATCH: Final = 16
_LARGEST_BATCH: Final = 512
_BATCH_BYTES: Final = 1 << 20
_HELD_BYTES: Final = 16 << 20


class Change(Struct, frozen=True):
    """The snapshot in `row` has another value than the one in `before`; -1: there is none before it.

    ``first``: it is the component's first snapshot. ``unknown``: nothing older can be read, because
    the lines are gone or forgotten; the value is at least as old as `row`, and ``old`` is `MISSING`.
    """

    kind: Kind
    row: int
    before: int
    old: Any
    new: Any


class _Seen(NamedTuple):
    row: int
    value: bytes


_NOTHING: Final = _Seen(-1, b"")


class FieldSearch:
    """Looks for changes of the value at `path`, from the snapshot at `row` on.

    Backwards it finds the change that made the value what it is at `row`, then older ones; forwards
    those after `row`, the next first. It is `done` at ``limit`` changes, at 16 MB of values, at the
    end, or where lines are gone (the last change is then ``unknown``). Backwards it also ends at
    `floor`, a snapshot's row below which it does not look; `at_floor` says so.
    ``looked`` counts snapshots.
    """

    def __init__(
        self,
        log: EventLog,
        component: str,
        session: str | None,
        path: Path,
        row: int,
        *,
        forwards: bool = False,
        limit: int = 1,
        floor: int = -1,
    ) -> None:
        self.changes: list[Change] = []
        self.done = False
        self.at_floor = False
        self.looked = 0
        self.limit = limit
        self.forwards = forwards
        self._log, self._component, self._session = log, component, session
        self._cut = cutter(path)
        self._start = self._next = min(row, len(log) - 1)
        self._floor = floor
        self._batch = _FIRST_BATCH
        self._held = 0
        self._allowed = _HELD_BYTES
        self._seen: _Seen | None = None
        self._lost = self._ended = False
        if forwards:
            self._stand()

    @property
    def progress(self) -> float:
        """The part of the rows that is behind it, 0 to 1."""
        if self.done:
            return 1.0
        floor = max(self._floor, self._log.first_row)
        rows = len(self._log) - self._start if self.forwards else self._start - floor + 1
        return min(abs(self._next - self._start) / max(rows, 1), 1.0)

    @property
    def full(self) -> bool:
        """It stopped because it has found as much as it may: `more` goes on."""
        enough = len(self.changes) >= self.limit or self._held >= self._allowed
        return self.done and enough and not self._ended

    def more(self, count: int = 0) -> None:
        """Go on: with `count` more changes where it was full, and with what the log has grown by."""
        if self.full:
            self.limit = len(self.changes) + count
            self._allowed = self._held + _HELD_BYTES
            self.done = self.done and not count
        elif self.forwards:
            self.done = False  # the log may have grown

    def advance(self, clock: Callable[[], int], budget_ns: int) -> bool:
        """Look for about ``budget_ns`` of `clock`, one batch at least; whether it is done."""
        until = clock() + budget_ns
        while not self.done:
            self._look()
            if clock() >= until:
                break
        return self.done

    # --- a batch -------------------------------------------------------------------

    def _look(self) -> None:
        log, count = self._log, self._batch
        rows = log.snapshot_rows(
            self._component, self._session, self._next, -count if self.forwards else count
        )
        rows = self._bounded([row for row in rows if row >= self._floor])
        if not rows:
            self._end()
            return
        self._batch = min(count * 2, _LARGEST_BATCH)
        cut = self._cut
        values = [cut(line) for line in read_lines(log, rows)]
        if not self.forwards:
            rows.reverse()
            values.reverse()
        for at, value in enumerate(values):
            if self._seen is not None and value == self._seen.value:
                continue  # the same, nearly always
            if at and self._seen is not None:
                self._seen = _Seen(rows[at - 1], self._seen.value)
            self._meet(rows[at], value)
            if self.done:
                self._go_on_after(rows[at], at + 1)
                return
        if self._seen is not None:
            self._seen = _Seen(rows[-1], self._seen.value)
        self._go_on_after(rows[-1], len(rows))

    def _go_on_after(self, row: int, looked: int) -> None:
        self.looked += looked
        self._next = row if self.forwards else row - 1

    def _bounded(self, rows: list[int]) -> list[int]:
        """The nearest of them, of 1 MB together: lines may be as long as that each."""
        lengths = self._log.column("length")
        room, taken = _BATCH_BYTES, 0
        for row in rows if self.forwards else reversed(rows):
            room -= int(lengths[row])
            if room < 0 and taken:
                break
            taken += 1
        return rows[:taken] if self.forwards else rows[len(rows) - taken :]

    def _meet(self, row: int, value: bytes | None) -> None:
        """Another value than the one seen before, or the first, or a line that is gone."""
        seen = self._seen
        if value is None:
            self._lose(row)
            return
        self._seen = now = _Seen(row, value)
        if seen is not None:
            self._compare(*((seen, now) if self.forwards else (now, seen)))
        elif self._lost:
            self._lost = False
            self._add(Change("unknown", row, -1, MISSING, decode_value(value)), value)

    def _compare(self, before: _Seen, after: _Seen) -> None:
        old, new = decode_value(before.value), decode_value(after.value)
        if same(old, new):
            return  # written in another way
        kind: Kind = "changed"
        if old is MISSING:
            kind = "appeared" if before.row >= 0 else "first"
        elif new is MISSING:
            kind = "vanished"
        self._add(Change(kind, after.row, before.row, old, new), before.value + after.value)

    def _lose(self, row: int) -> None:
        """The line is gone: whether the value changed in it cannot be known."""
        if self.forwards:
            self._seen, self._lost = None, True
            return
        seen = self._seen or _Seen(row, b"")
        self._add(Change("unknown", seen.row, -1, MISSING, decode_value(seen.value)), seen.value)
        self.done = self._ended = True

    def _add(self, change: Change, values: bytes) -> None:
        self.changes.append(change)
        self._held += len(values)
        self.done = len(self.changes) >= self.limit or self._held >= self._allowed

    def _end(self) -> None:
        """No further snapshot."""
        self.done = True
        if self.forwards:
            return
        seen, self._ended = self._seen, True
        self.at_floor = self._floor >= 0 and seen is not None
        if seen is not None and seen.value and not self.at_floor:
            kind: Kind = "unknown" if self._log.first_row else "first"
            self._add(Change(kind, seen.row, -1, MISSING, decode_value(seen.value)), seen.value)
            self.done = True

    def _stand(self) -> None:
        """Forwards: the value to begin with."""
        rows = self._log.snapshot_rows(self._component, self._session, self._next, 1)
        if not rows:
            self._seen = _NOTHING
            return
        value = self._cut(self._log.raw(rows[0]))
        self._lost = value is None
        self._seen = None if value is None else _Seen(rows[0], value)


# --- for who can wait -----------------------------------------------------------------


def last_change(log: EventLog, component: str, session: str | None, path: Path, row: int) -> Change | None:
    """The change that made the value at `path` what it is at `row`; None if it was never there."""
    return _first(FieldSearch(log, component, session, path, row))


def next_change(log: EventLog, component: str, session: str | None, path: Path, row: int) -> Change | None:
    """The first change of the value at `path` after `row`; None if there is none."""
    return _first(FieldSearch(log, component, session, path, row, forwards=True))


def history(
    log: EventLog, component: str, session: str | None, path: Path, row: int, limit: int = 100
) -> list[Change]:
    """The changes around `row`, newest first: at most `limit` up to it, and as many after it."""
    after = FieldSearch(log, component, session, path, row, forwards=True, limit=limit)
    until = FieldSearch(log, component, session, path, row, limit=limit)
    for search in (after, until):
        search.advance(_no_clock, 1)
    return [*reversed(after.changes), *until.changes]


def _first(search: FieldSearch) -> Change | None:
    search.advance(_no_clock, 1)
    return search.changes[0] if search.changes else None


def _no_clock() -> int:
    return 0
