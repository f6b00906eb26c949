"""Goes over the rows that rules look at, in order, and hands them to the judges."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from backend.events.vocabulary import (
    HANDLED,
    PUBLISHED,
    RECEIVED,
    RECORDING_ENDED,
    RECORDING_STARTED,
    SUBSCRIBED,
    SYSTEM,
    UNSUBSCRIBED,
)
from debugger.analysis.rules.deliveries import PUBLISHES, Deliveries, Delivery, Lane
from debugger.analysis.rules.facts import Fact
from debugger.analysis.rules.patterns import Binding, Judge
from debugger.analysis.rules.program import Program, Selector
from debugger.analysis.rules.sessions import Sessions
from debugger.analysis.rules.table import Table
from debugger.analysis.turns.keys import TurnKeys
from debugger.log import EventLog
from debugger.log.fields import MISSING, same

_REMEMBERED: Final = 1 << 16
"""Values whose changes are looked for."""

# What else a row may be besides an event of the rules: the first three before, the others after it is one.
_DECIDES, _STARTED, _HANDLED = -3, -2, -1
_LIFE, _ENDED = 1 << 20, (1 << 20) + 1

Feeds = tuple[tuple[int, Judge[Any], Binding], ...]


class Walk:
    """Takes rows piece by piece; what it does depends on the rows alone."""

    def __init__(self, log: EventLog, program: Program, sessions: Sessions, seen: set[str]) -> None:
        self._log = log
        self._program = program
        self._sessions = sessions
        self._seen = seen
        self._turns = TurnKeys(log)
        self._deliveries = Deliveries(log)
        self._looked: set[int] = set()  # messages whose receives are looked at
        self._values: OrderedDict[tuple[int, str, str | None], Any] = OrderedDict()
        self._merged: dict[tuple[int, ...], Feeds] = {}
        self._plain: dict[int, Feeds] = {}  # events that were seen before, and of which nothing else is asked
        self._ending: dict[int, list[tuple[Selector, Fact]]] = {}  # by receive, what counts when it has ended
        # Whether receives are recorded at all; until that is known, publishes may be deliveries.
        self._sent_only: bool | None = None
        self._published = 0
        self._sent: list[Delivery] = []

    # --- a piece -------------------------------------------------------------------------------

    def take(self, start: int, stop: int) -> None:
        """Go over rows `start` up to `stop`, the next ones."""
        codes, rows = self._interesting(start, stop)
        if not len(rows):
            return
        order = np.lexsort((codes, rows))
        table = Table(self._log, self._turns, rows[order], start, stop, self._program)
        told = codes[order].tolist()
        at, count = 0, len(told)
        while at < count:
            upto, row = at + 1, table.rows[at]
            while upto < count and table.rows[upto] == row:
                upto += 1
            if upto == at + 1 and told[at] in self._plain:
                self._feed(self._plain[told[at]], table.fact(at), None)
            else:
                self._row(table, at, told[at:upto])
            at = upto

    def _interesting(self, start: int, stop: int) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
        found: list[tuple[int, NDArray[np.intp]]] = []
        kinds = self._log.column("event_type")[start:stop]
        if self._sent_only is None:
            found += self._deciding(kinds)
        for number, selector in enumerate(self._program.selectors):
            if self._sent_only is not True or selector.sent is None:
                rows = np.flatnonzero(selector.query.mask(self._log, start, stop))
                if selector.sent is not None or selector.event.when == "handled":
                    self._looked.update(
                        np.unique(self._log.column("message_type")[start:stop][rows]).tolist()
                    )
                found.append((number, rows))
            if selector.sent is not None and self._sent_only is not False:
                found.append((number, np.flatnonzero(selector.sent.mask(self._log, start, stop))))
        found += self._others(kinds, start, stop)
        found = [(code, rows) for code, rows in found if len(rows)]
        if not found:
            return np.zeros(0, np.int64), np.zeros(0, np.intp)
        codes = np.concatenate([np.full(len(rows), code) for code, rows in found])
        return codes, np.concatenate([rows for _, rows in found]) + start

    def _deciding(self, kinds: NDArray[Any]) -> list[tuple[int, NDArray[np.intp]]]:
        """The row from which on it is known whether receives are recorded."""
        received = np.flatnonzero(kinds == self._id("event_type", RECEIVED))[:1]
        published = np.flatnonzero(kinds == self._id("event_type", PUBLISHED))
        enough = published[PUBLISHES - self._published - 1 :][:1]
        self._published += len(published)
        first = np.sort(np.concatenate((received, enough)))[:1]
        return [(_DECIDES, first)]

    def _others(self, kinds: NDArray[Any], start: int, stop: int) -> list[tuple[int, NDArray[np.intp]]]:
        messages = self._log.column("message_type")[start:stop]
        found = []
        handled = np.flatnonzero(kinds == self._id("event_type", HANDLED))
        if len(handled) and self._looked:
            handled = handled[np.isin(messages[handled], list(self._looked))]
            found.append((_HANDLED, handled))
        found += [
            (_LIFE, np.flatnonzero(kinds == self._id("event_type", name)))
            for name in (SUBSCRIBED, UNSUBSCRIBED)
        ]
        system = np.flatnonzero(kinds == self._id("event_type", SYSTEM))
        for name, code in ((RECORDING_STARTED, _STARTED), (RECORDING_ENDED, _ENDED)):
            found.append((code, system[messages[system] == self._id("message_type", name)]))
        return found

    def _id(self, column: str, name: str) -> int:
        number = self._log.id_of(column, name)
        return -1 if number is None else number

    # --- a row ---------------------------------------------------------------------------------

    def _row(self, table: Table, at: int, codes: list[int]) -> None:
        events = []
        for code in codes:
            if code < 0:
                self._before(table, at, code)
            elif code < _LIFE:
                events.append(code)
        if events:
            self._events(table, at, events)
        if codes[-1] >= _LIFE:
            self._after(table, at, codes[-1])

    def _before(self, table: Table, at: int, code: int) -> None:
        if code == _DECIDES and self._sent_only is None:
            self._decide(sent_only=table.kind(at) != RECEIVED)
        elif code == _STARTED:
            self._sessions.recording(table.sources[at], ends=False)
            if self._program.sessions(table.fact(at)) not in (MISSING, None, []):
                self._sessions.came_late(table.rows[at])
        elif code == _HANDLED:
            self._handled(table, at)

    def _after(self, table: Table, at: int, code: int) -> None:
        fact = table.fact(at)
        if code == _LIFE:
            ends = fact.kind == UNSUBSCRIBED
            where = (table.session_ids[at], table.components[at], table.messages[at])
            if self._sessions.subscription(*where, ends=ends) and ends:
                self._session_ended(fact)
        elif self._sessions.recording(table.sources[at], ends=True):
            if self._sent_only is None:
                self._decide(sent_only=True)
            for _, judge in self._program.judges:
                judge.recording_ended(fact)

    def _session_ended(self, fact: Fact) -> None:
        for _, judge in self._program.judges:
            judge.session_ended(fact.session, fact)
        for key in [key for key in self._values if key[2] == fact.session]:
            del self._values[key]

    # --- events of the rules -------------------------------------------------------------------

    def _events(self, table: Table, at: int, codes: list[int]) -> None:
        fact = table.fact(at)
        several = [(code, self._program.selectors[code]) for code in dict.fromkeys(codes)]
        plain, received = [], []
        for code, selector in several:
            if selector.event.when != "happened":
                received.append((code, selector))
                continue
            changed = fact if selector.changes is None else self._changed(code, selector, fact)
            if changed is None:
                continue
            self._seen.add(selector.name)
            if selector.changes is not None:
                self._feed(selector.feeds, changed, None)
                continue
            plain.append(code)
            if not selector.ends_session:
                self._plain[code] = selector.feeds
        if plain:
            self._feed(self._feeds(tuple(plain)), fact, None)
        if received:
            self._received(table, at, received)
        if any(selector.ends_session for _, selector in several):
            self._session_ended(fact)

    def _received(self, table: Table, at: int, several: list[tuple[int, Selector]]) -> None:
        """A receive, or a publish in place of one."""
        fact = table.fact(at)
        if fact.kind != PUBLISHED:
            delivery = self._began(table, at)
        elif self._sent_only is not False:
            delivery = self._sent_off(table, at)
        else:
            return
        self._seen.update(selector.name for _, selector in several)
        now = [code for code, selector in several if selector.event.when == "delivered"]
        if now:
            self._feed(self._feeds(tuple(now)), fact, delivery)
        later = [(selector, fact) for _, selector in several if selector.event.when == "handled"]
        if later:
            self._ending[fact.row] = later

    def _feeds(self, codes: tuple[int, ...]) -> Feeds:
        if len(codes) == 1:
            return self._program.selectors[codes[0]].feeds
        merged = self._merged.get(codes)
        if merged is None:
            every = [feed for code in codes for feed in self._program.selectors[code].feeds]
            merged = self._merged[codes] = tuple(sorted(every, key=lambda feed: feed[0]))
        return merged

    def _feed(self, feeds: Feeds, fact: Fact, delivery: Delivery | None) -> None:
        if delivery is None and fact.session not in self._program.waiters:
            for _, judge, binding in feeds:
                judge.take_in(binding, fact)
        else:
            for _, judge, binding in feeds:
                judge.push(binding, fact, delivery)

    def _changed(self, code: int, selector: Selector, fact: Fact) -> Fact | None:
        if selector.changes is None:
            return None
        key = (code, fact.component, fact.session)
        value, was = selector.changes(fact), self._values.get(key, MISSING)
        if value is MISSING or same(was, value):
            return None
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > _REMEMBERED:
            self._values.popitem(last=False)
        if was is MISSING or was is None:
            return None if selector.event.left else fact
        return table_copy(fact, was=was)

    # --- deliveries ----------------------------------------------------------------------------

    def _began(self, table: Table, at: int) -> Delivery:
        delivery, oldest = self._deliveries.began(table.rows[at], table.lane(at), table.tasks[at])
        if oldest is not None:
            self._decided(oldest)
        return delivery

    def _sent_off(self, table: Table, at: int) -> Delivery:
        delivery = Delivery(table.rows[at], table.lane(at), table.tasks[at])
        if self._sent_only:
            delivery.counts = True
        else:
            self._sent.append(delivery)
        return delivery

    def _handled(self, table: Table, at: int) -> None:
        row = table.rows[at]
        delivery = self._deliveries.ended(table.causes[at], table.lane(at), table.tasks[at])
        if delivery is None:
            return
        fact = table.fact(at)
        self._deliveries.decide(delivery, row, dropped=self._program.dropped(fact) is True)
        self._decided(delivery, fact)

    def _decided(self, delivery: Delivery, by: Fact | None = None) -> None:
        session = self._log.interner("session").value(delivery.lane.session)
        for judge in list(self._program.waiters.get(session, ())):
            judge.drain(session)
        for selector, fact in self._ending.pop(delivery.row, ()):
            if delivery.counts and by is not None:
                self._feed(selector.feeds, table_copy(fact, row=by.row, time_ns=by.time_ns), None)

    def _decide(self, *, sent_only: bool) -> None:
        self._sent_only = sent_only
        sent, self._sent = self._sent, []
        for delivery in sent:
            delivery.counts, delivery.dropped = sent_only, not sent_only
        for _, judge in self._program.judges:
            for session in judge.waiting:
                judge.drain(session)

    def finish(self) -> None:
        """No more rows will come."""
        if self._sent_only is None:
            self._decide(sent_only=True)


def table_copy(fact: Fact, **changes: Any) -> Fact:
    """A fact with other values."""
    told = {name: getattr(fact, name) for name in fact.__struct_fields__} | {"cache": {}} | changes
    return Fact(**told)


__all__ = ["Lane", "Walk"]
