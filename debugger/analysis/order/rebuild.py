"""Causality that is not recorded: events of one activation, the publish of a receive, the put of an item."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from debugger.analysis.order.bounded import bounded
from debugger.analysis.order.kinds import HANDLED, PUBLISHED, PUT, RECEIVED, Kinds
from debugger.analysis.order.payloads import read
from debugger.analysis.order.tasks import NO_TASK
from debugger.log import ABSENT, EventLog

_MOST_KEYS: Final = 1 << 16
_MOST_OPEN: Final = 64  # of one component and session
NO_ROW: Final = -1


class _Open(NamedTuple):
    """An activation that has not ended."""

    task: int
    message: int
    correlation: int


class Activations:
    """Puts events that name no task into activations.

    One begins with a receive and ends with ``message_handled`` of the same component, session and message.
    What its component tells of the same session meanwhile is part of it, if the correlation is the same and
    no other one that could have told it is open. Where no handler is seen to end, one ends when the next
    begins.
    """

    def __init__(self, log: EventLog, fresh: Callable[[], int]) -> None:
        self._log = log
        self._fresh = fresh
        self._open: dict[tuple[int, int, int], list[_Open]] = {}
        self._ends_seen = False
        self.begun = 0
        self.unattributed = 0

    def fill(self, start: int, stop: int, kinds: NDArray[np.uint8], tasks: NDArray[np.int64]) -> None:
        """Number the activations of rows that have no task."""
        rows = np.flatnonzero(tasks == NO_TASK)
        if not len(rows) or not (self._open or (kinds[rows] == RECEIVED).any()):
            self._ends_seen = self._ends_seen or bool((kinds[rows] == HANDLED).any())
            return
        log = self._log
        names = ("source", "component", "session", "message_type", "correlation")
        columns = [log.column(name)[start:stop][rows].tolist() for name in names]
        found = [
            self._one(kind, (source, component, session), message, correlation)
            for kind, source, component, session, message, correlation in zip(
                kinds[rows].tolist(), *columns, strict=True
            )
        ]
        tasks[rows] = found

    def _one(self, kind: int, key: tuple[int, int, int], message: int, correlation: int) -> int:
        running = self._open.get(key)
        if kind == RECEIVED:
            return self._begin(key, running, message, correlation)
        if kind == HANDLED:
            self._ends_seen = True
            return self._end(key, running or [], message, correlation)
        if not running:
            return NO_TASK
        fitting = [one.task for one in running if correlation in (ABSENT, one.correlation)]
        if len(fitting) == 1:
            return fitting[0]
        self.unattributed += 1
        return NO_TASK

    def _begin(
        self, key: tuple[int, int, int], running: list[_Open] | None, message: int, correlation: int
    ) -> int:
        if running is None:
            running = self._open[key] = []
            bounded(self._open, _MOST_KEYS)
        elif not self._ends_seen or len(running) >= _MOST_OPEN:
            del running[0]
        self.begun += 1
        running.append(_Open(self._fresh(), message, correlation))
        return running[-1].task

    def _end(self, key: tuple[int, int, int], running: list[_Open], message: int, correlation: int) -> int:
        for one in running:
            if one.message == message and one.correlation == correlation:
                running.remove(one)
                if not running:
                    del self._open[key]
                return one.task
        self.unattributed += 1
        return NO_TASK


class _Sent:
    """Publishes that look the same, and how far each receiver has come in them."""

    __slots__ = ("first", "rows", "taken")

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.first = 0  # the number of the first in `rows`
        self.taken: dict[int, int] = {}

    def note(self, row: int) -> None:
        self.rows.append(row)
        if len(self.rows) > _MOST_SENT:
            half = len(self.rows) // 2
            del self.rows[:half]
            self.first += half

    def next_of(self, component: int) -> int:
        """The number of the first that a component has not received."""
        return max(self.taken.get(component, 0), self.first)


_MOST_SENT: Final = 1 << 16


class Receives:
    """Finds the publish of a receive that names none.

    It is the first publish of the same message, session and correlation after those that this component
    has received. Publishes are noted from the first such receive on, and from `lookback` rows before it.
    """

    def __init__(self, log: EventLog, kinds: Kinds, lookback: int) -> None:
        self._log = log
        self._kinds = kinds
        self._lookback = lookback
        self._sent: dict[tuple[int, int, int], _Sent] = {}
        self._noting = False
        self.matched = 0
        self.ambiguous = 0
        self.unmatched = 0

    def match(
        self, start: int, kinds: NDArray[np.uint8], causes: NDArray[np.int64], asking: NDArray[np.bool_]
    ) -> list[tuple[int, int]]:
        """Rows of those `asking`, each with the row of its publish; -1 where none was found.

        ``causes`` are the rows' own, -1 where there is none.
        """
        if not self._noting:
            if not asking.any():
                return []
            self._look_back(start, start + int(asking.argmax()))
        places = np.flatnonzero((kinds == PUBLISHED) | (kinds == RECEIVED))
        found: list[tuple[int, int]] = []
        for row, key, component, asks, is_receive, cause in zip(
            (places + start).tolist(),
            self._keys(places + start),
            self._log.column("component")[places + start].tolist(),
            asking[places].tolist(),
            (kinds[places] == RECEIVED).tolist(),
            causes[places].tolist(),
            strict=True,
        ):
            if asks:
                found.append((row, self._take(key, component)))
            elif is_receive:
                self._took(key, component, cause)
            else:
                self._note(key, row)
        return found

    def _keys(self, rows: NDArray[Any]) -> list[tuple[int, int, int]]:
        names = ("message_type", "session", "correlation")
        return list(zip(*(self._log.column(name)[rows].tolist() for name in names), strict=True))

    def _look_back(self, start: int, asked: int) -> None:
        self._noting = True
        first = max(self._log.first_row, asked - self._lookback)
        if first < start:
            rows = np.flatnonzero(self._kinds.of(first, start) == PUBLISHED) + first
            for row, key in zip(rows.tolist(), self._keys(rows), strict=True):
                self._note(key, row)

    def _note(self, key: tuple[int, int, int], row: int) -> None:
        sent = self._sent.get(key)
        if sent is None:
            sent = self._sent[key] = _Sent()
            bounded(self._sent, _MOST_KEYS)
        sent.note(row)

    def _take(self, key: tuple[int, int, int], component: int) -> int:
        sent = self._sent.get(key)
        left = 0 if sent is None else sent.first + len(sent.rows) - sent.next_of(component)
        if sent is None or left <= 0:
            self.unmatched += 1
            return NO_ROW
        at = sent.next_of(component)
        sent.taken[component] = at + 1
        self.matched += 1
        self.ambiguous += left > 1
        return sent.rows[at - sent.first]

    def _took(self, key: tuple[int, int, int], component: int, publish: int) -> None:
        """A receive that names its publish."""
        sent = self._sent.get(key)
        if sent is not None:
            at = sent.first + bisect_right(sent.rows, publish)
            sent.taken[component] = max(sent.taken.get(component, 0), at)


class Items:
    """Finds the put of an item that was got and names none: by queue and item, else in order of the queue."""

    def __init__(self, log: EventLog, kinds: Kinds, lookback: int) -> None:
        self._log = log
        self._kinds = kinds
        self._lookback = lookback
        self._puts: dict[tuple[int, str, str | None], deque[int]] = {}
        self._noting = False

    def match(self, start: int, kinds: NDArray[np.uint8], asking: NDArray[np.bool_]) -> list[tuple[int, int]]:
        """As `Receives.match`, of items that were got."""
        if not self._noting:
            if not asking.any():
                return []
            self._noting = True
            first = max(self._log.first_row, start + int(asking.argmax()) - self._lookback)
            if first < start:
                self._walk((np.flatnonzero(self._kinds.of(first, start) == PUT) + first).tolist(), set())
        rows = (np.flatnonzero((kinds == PUT) | asking) + start).tolist()
        return self._walk(rows, set((np.flatnonzero(asking) + start).tolist()))

    def _walk(self, rows: Sequence[int], asking: set[int]) -> list[tuple[int, int]]:
        if not rows:
            return []
        found: list[tuple[int, int]] = []
        sources = self._log.column("source")[np.array(rows, np.int64)].tolist()
        for row, told, source in zip(rows, read(self._log, rows), sources, strict=True):
            queue = told.queue if isinstance(told.queue, str) else None
            item = str(told.item) if isinstance(told.item, str | int) else None
            if queue is None:
                if row in asking:
                    found.append((row, NO_ROW))
                continue
            waiting = self._puts.setdefault((source, queue, item), deque(maxlen=_MOST_SENT))
            if row in asking:
                found.append((row, waiting.popleft() if waiting else NO_ROW))
                if not waiting:
                    del self._puts[source, queue, item]
            else:
                waiting.append(row)
                bounded(self._puts, _MOST_KEYS)
        return found
