"""Watches: conditions that count where they hold, beep, and stop what moves."""

from __future__ import annotations

from typing import Final

from debugger.log import EventLog, Query, compile_query

MAX_WATCHES: Final = 20
_AT_ONCE: Final = 16_384
"""Rows looked at in one go while events arrive: a watch on payloads takes some 30 ms for them."""


class Watch:
    """A query, where it last held, and how often since it was set. With ``stops`` it stops there."""

    def __init__(self, query: Query, start: int, *, stops: bool = True) -> None:
        self.query = query
        self.stops = stops
        self.hits = 0
        self.last: int | None = None
        self._looked = start

    def look(self, log: EventLog) -> int | None:
        """Look at rows that came since; the first that matched, if the watch stops there.

        Of more rows than can be looked at in time, the rest follows in the next call: none is skipped.
        """
        start = max(self._looked, log.first_row)
        stop = min(start + _AT_ONCE, len(log))
        rows = self.query.rows(log, start, stop)
        self._looked = stop
        return self._hit(rows.tolist())

    def first(self, log: EventLog, passed: range) -> int | None:
        """The first row of some that matches, if the watch stops there; counts nothing."""
        if not self.stops:
            return None
        rows = self.query.rows(log, passed.start, passed.stop)
        return int(rows[0]) if len(rows) else None

    def count(self, log: EventLog, passed: range) -> None:
        """Count rows that a playing cursor passed."""
        self._hit(self.query.rows(log, passed.start, passed.stop).tolist())

    def _hit(self, rows: list[int]) -> int | None:
        if not rows:
            return None
        self.hits += len(rows)
        self.last = rows[-1]
        return rows[0] if self.stops else None

    def behind(self, log: EventLog) -> int:
        """Rows that came but were not looked at yet."""
        return len(log) - self._looked


class Watches:
    """All that are set, at most `MAX_WATCHES`."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self.all: list[Watch] = []

    def add(self, text: str) -> Watch:
        """Watch for what comes from now on.

        Raises:
            QueryError: the text is no query.
            ValueError: there are too many, or it holds for every event.
        """
        query = compile_query(text)
        if query.passes_all:
            raise ValueError("a watch for everything would stop at every event")
        if len(self.all) >= MAX_WATCHES:
            raise ValueError(f"there are {MAX_WATCHES} watches; take one away first")
        watch = Watch(query, len(self._log))
        self.all.append(watch)
        return watch

    def remove(self, watch: Watch) -> None:
        """No longer watch."""
        if watch in self.all:
            self.all.remove(watch)

    def look(self) -> tuple[Watch, int] | None:
        """What came in: the earliest row at which a watch stops."""
        hits = [(row, watch) for watch in self.all if (row := watch.look(self._log)) is not None]
        first = min(hits, key=lambda hit: hit[0], default=None)
        return (first[1], first[0]) if first else None

    def pass_over(self, passed: range) -> tuple[Watch, int] | None:
        """What a playing cursor passed, up to where a watch stops it."""
        stops = [(row, watch) for watch in self.all if (row := watch.first(self._log, passed)) is not None]
        first = min(stops, key=lambda stop: stop[0], default=None)
        until = passed if first is None else range(passed.start, first[0] + 1)
        for watch in self.all:
            watch.count(self._log, until)
        return (first[1], first[0]) if first else None
