"""What went on in the last seconds before a row: from a bounded piece of the columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from backend.events import Family
from backend.events.vocabulary import HANDLED, PUBLISHED, RECEIVED
from debugger.log import FAMILIES, EventLog
from debugger.log.counts import failures
from debugger.tui.graph.shapes import HUB

BINS: Final = 12
"""Of the activity trace."""

WINDOWS_NS: Final = (5_000_000_000, 1_000_000_000, 200_000_000, 50_000_000, 10_000_000, 1_000_000)
"""The longest one is looked at whose events are few enough."""

ROWS: Final = 1 << 15
"""Of the log that are looked at."""

_FAMILIES: Final = len(FAMILIES)
_HOT_EVENTS, _HOT_TIMES = 16, 3  # so many, and so many times as many as the average
_PAIRED: Final = 512  # receives without a task that are looked at one by one


class Traffic(NamedTuple):
    """Messages on one way, ``HUB`` at the end that is the bus; ``family`` is the most frequent one."""

    source: str
    target: str
    number: int
    family: Family


class Recent(NamedTuple):
    """Of the last ``window_ns``, by component. Who is not in a mapping did nothing.

    ``trace`` counts events in `BINS` parts, the latest last; ``last`` is the row of the latest event;
    ``busy`` the row of the receive whose handler is not yet at its end.
    """

    window_ns: int = WINDOWS_NS[0]
    trace: Mapping[str, tuple[int, ...]] = {}
    last: Mapping[str, int] = {}
    busy: Mapping[str, int] = {}
    failing: frozenset[str] = frozenset()
    hot: frozenset[str] = frozenset()
    spokes: tuple[Traffic, ...] = ()
    ways: tuple[Traffic, ...] = ()


def recent(
    log: EventLog,
    row: int,
    names: Sequence[str],
    sole: Mapping[str, str],
    belonging: NDArray[np.bool_] | None = None,
    *,
    by_cause: bool = False,
) -> Recent:
    """What `names` did before and at `row`.

    `belonging` tells which of the last `ROWS` rows to look at, failures apart; `by_cause` takes each event
    with a cause for a message.
    """
    if row < 0 or not names:
        return Recent()
    return _Slice(log, row, names, belonging).recent(sole, by_cause=by_cause)


class _Slice:
    """Some rows, their components numbered by place in `names`."""

    def __init__(
        self, log: EventLog, row: int, names: Sequence[str], belonging: NDArray[np.bool_] | None
    ) -> None:
        self._log, self._names = log, names
        self.start = max(log.first_row, row + 1 - ROWS)
        self._part = part = slice(self.start, row + 1)
        ages = log.column("timestamp_ns")[part]
        self._ages = ages = np.maximum(int(ages[-1]) - ages, 0)  # a clock that ran backwards is taken as now
        self.window = next(
            (one for one in WINDOWS_NS if self.start == log.first_row or int(ages[0]) >= one), WINDOWS_NS[-1]
        )
        self._places = np.full(len(log.interner("component")), -1, np.int16)
        for place, name in enumerate(names):
            number = log.id_of("component", name)
            if number is not None:
                self._places[number] = place
        self._who = self._places[log.column("component")[part]]
        self._in = (ages < self.window) & (self._who >= 0)
        self._anyhow = self._in
        if belonging is not None:
            self._in = self._in & belonging[-len(ages) :]
        self._kinds = log.column("event_type")[part]
        self._families = log.column("family")[part]

    def recent(self, sole: Mapping[str, str], *, by_cause: bool) -> Recent:
        names, count = self._names, len(self._names)
        inside = np.flatnonzero(self._in)
        who = self._who[inside].astype(np.int64)
        parts = BINS - 1 - self._ages[inside] * BINS // self.window
        traces = np.bincount(who * BINS + parts, minlength=count * BINS).reshape(count, BINS)
        totals = traces.sum(axis=1)
        last = np.full(count, -1, np.int64)
        last[who] = inside + self.start  # of several, the last one stays
        there = np.flatnonzero(totals).tolist()
        average = totals.sum() / count
        published, received = self._rows_of(PUBLISHED, inside), self._rows_of(RECEIVED, inside)
        failed = failures(self._log, self._part) & self._anyhow
        return Recent(
            window_ns=self.window,
            trace={names[one]: tuple(traces[one].tolist()) for one in there},
            last={names[one]: int(last[one]) for one in there},
            busy=self._busy(received, self._rows_of(HANDLED, inside)),
            failing=frozenset(names[one] for one in np.unique(self._who[failed]).tolist()),
            hot=frozenset(
                names[one]
                for one in there
                if totals[one] >= _HOT_EVENTS and totals[one] >= _HOT_TIMES * average
            ),
            spokes=(
                *self._spokes(published, out=True),
                *self._spokes(received, out=False),
            ),
            ways=self._ways(inside if by_cause else received, {} if by_cause else sole),
        )

    def _rows_of(self, kind: str, inside: NDArray[np.int64]) -> NDArray[np.int64]:
        number = self._log.id_of("event_type", kind)
        return inside[self._kinds[inside] == number] if number is not None else inside[:0]

    def _spokes(self, at: NDArray[np.int64], *, out: bool) -> list[Traffic]:
        count = len(self._names)
        keys = self._who[at].astype(np.int64) * _FAMILIES + self._families[at]
        found = np.bincount(keys, minlength=count * _FAMILIES).reshape(count, _FAMILIES)
        traffic = []
        for place in np.flatnonzero(found.any(axis=1)).tolist():
            name, family = self._names[place], FAMILIES[int(found[place].argmax())]
            ends = (name, HUB) if out else (HUB, name)
            traffic.append(Traffic(*ends, int(found[place].sum()), family))
        return traffic

    def _ways(self, at: NDArray[np.int64], sole: Mapping[str, str]) -> tuple[Traffic, ...]:
        """Who sent to whom: by the cause, else by who alone publishes such a message."""
        log, count = self._log, len(self._names)
        causes = log.column("cause_row")[self._part][at]
        known = (causes >= 0) & (causes < len(log))
        publishers = np.full(len(at), -1, np.int64)
        publishers[known] = self._places[log.column("component")[causes[known]]]
        if sole and not known.all():
            place = {name: number for number, name in enumerate(self._names)}
            by_message = np.full(len(log.interner("message_type")), -1, np.int64)
            for message, publisher in sole.items():
                number = log.id_of("message_type", message)
                if number is not None:
                    by_message[number] = place.get(publisher, -1)
            publishers[~known] = by_message[log.column("message_type")[self._part][at[~known]]]
        told = publishers >= 0
        keys = (publishers[told] * count + self._who[at[told]]) * _FAMILIES + self._families[at[told]]
        numbers, counts = np.unique(keys, return_counts=True)
        found: dict[int, tuple[int, int, int]] = {}  # by way: all, the most of one family, that family
        for key, often in zip(numbers.tolist(), counts.tolist(), strict=True):
            way, family = divmod(key, _FAMILIES)
            total, most, kind = found.get(way, (0, 0, 0))
            found[way] = (total + often, often, family) if often > most else (total + often, most, kind)
        return tuple(
            Traffic(self._names[way // count], self._names[way % count], total, FAMILIES[kind])
            for way, (total, _, kind) in found.items()
            if way // count != way % count
        )

    def _busy(self, received: NDArray[np.int64], handled: NDArray[np.int64]) -> dict[str, int]:
        """The latest receive of each that is not handled yet; none where handling is not recorded."""
        if not len(handled) and not self._handles():
            return {}
        tasks = self._log.column("task")[self._part]
        having = tasks[received] != 0
        open_ = received[having][~np.isin(tasks[received[having]], tasks[handled])]
        alone = self._unpaired(received[~having], handled)
        busy: dict[str, int] = {}
        for at in sorted({*open_.tolist(), *alone}):
            busy[self._names[int(self._who[at])]] = self.start + at
        return busy

    def _handles(self) -> bool:
        """Whether this log tells of ends of handlers, hereabouts."""
        kinds = self._log.column("event_type")[self.start : self._part.stop + ROWS]
        return bool((kinds == self._log.id_of("event_type", HANDLED)).any())

    def _unpaired(self, received: NDArray[np.int64], handled: NDArray[np.int64]) -> list[int]:
        """Receives without a task: each is ended by the next handling of such a message there."""
        if not len(received):
            return []
        messages = self._log.column("message_type")[self._part]
        sessions = self._log.column("session")[self._part]
        waiting: dict[tuple[int, int, int], list[int]] = {}
        first = int(received[-_PAIRED:][0])
        ends = set(handled[handled > first].tolist())
        for at in sorted({*received[-_PAIRED:].tolist(), *ends}):
            key = int(self._who[at]), int(messages[at]), int(sessions[at])
            if at not in ends:
                waiting.setdefault(key, []).append(at)
            elif waiting.get(key):
                waiting[key].pop(0)
        return [at for some in waiting.values() for at in some]
