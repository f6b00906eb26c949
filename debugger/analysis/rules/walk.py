"""Goes over the rows that rules look at, in order, and hands them to the judges."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

from backend.events.vocabulary import PUBLISHED, RECEIVED
from debugger.analysis.rules.deliveries import Deliveries, Delivery, Lane
from debugger.analysis.rules.facts import Fact
from debugger.analysis.rules.program import Feeds, Program, Selector
from debugger.analysis.rules.selection import DECIDES, ENDS_HANDLER, SESSION_ENDS, STARTED, Selection
from debugger.analysis.rules.sessions import Sessions
from debugger.analysis.rules.table import Table
from debugger.analysis.turns.keys import TurnKeys
from debugger.log import EventLog
from debugger.log.fields import MISSING, same

_REMEMBERED: Final = 1 << 16
"""Values whose changes are looked for."""


class Walk:
    """Takes rows piece by piece; what it does depends on the rows alone."""

    def __init__(self, log: EventLog, program: Program, sessions: Sessions, seen: dict[str, int]) -> None:
        self._log = log
        self._program = program
        self._sessions = sessions
        self._seen = seen
        self._turns = TurnKeys(log)
        self._deliveries = Deliveries(log)
        self._selection = Selection(log, program, sessions)
        self._handled_ahead: dict[int, int] = {}
        self._ahead: dict[int, Delivery] = {}  # decided ones whose end is still to be told
        self._values: OrderedDict[tuple[int, str, str | None], Any] = OrderedDict()
        self._merged: dict[tuple[int, ...], Feeds] = {}
        self._plain: dict[int, Feeds] = {}  # events that were seen before, and of which nothing else is asked
        self._ending: dict[int, list[tuple[Selector, Fact]]] = {}  # by receive, what counts when it has ended
        # Whether receives are recorded at all; until that is known, publishes may be deliveries.
        self._sent_only: bool | None = None
        self._sent: list[Delivery] = []

    # --- a piece -------------------------------------------------------------------------------

    def take(self, start: int, stop: int) -> None:
        """Go over rows `start` up to `stop`, the next ones."""
        piece, rows, codes, self._handled_ahead = self._selection.of(
            start,
            stop,
            sent_only=self._sent_only,
            seen=self._seen,
            values=self._values,
            waiting=self._deliveries.open,
        )
        if not len(rows):
            return
        table = Table(self._log, self._turns, rows, piece, start, stop)
        told = codes.tolist()
        at, count, plain = 0, len(told), self._plain
        all_rows = [*table.rows, -1]
        while at < count:
            upto, row = at + 1, all_rows[at]
            while all_rows[upto] == row:
                upto += 1
            if upto == at + 1 and (feeds := plain.get(told[at])) is not None:
                self._feed(feeds, table.fact(at), None)
            else:
                self._row(table, at, told[at:upto])
            at = upto

    # --- a row ---------------------------------------------------------------------------------

    def _row(self, table: Table, at: int, codes: list[int]) -> None:
        events = []
        for code in codes:
            if code < 0:
                self._before(table, at, code)
            elif code < SESSION_ENDS:
                events.append(code)
        if events:
            self._events(table, at, events)
        if codes[-1] >= SESSION_ENDS:
            self._after(table, at, codes[-1])

    def _before(self, table: Table, at: int, code: int) -> None:
        if code == DECIDES and self._sent_only is None:
            self._decide(sent_only=table.kind(at) != RECEIVED)
        elif code == STARTED:
            self._sessions.recording(table.sources[at], ends=False)
            if self._program.sessions(table.fact(at)) not in (MISSING, None, []):
                self._sessions.came_late(table.rows[at])
        elif code == ENDS_HANDLER:
            self._handled(table, at)

    def _after(self, table: Table, at: int, code: int) -> None:
        if code == SESSION_ENDS:
            self._session_ended(table.fact(at))
        elif self._sessions.recording(table.sources[at], ends=True):
            fact = table.fact(at)
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
            self._seen.setdefault(selector.name, fact.row)
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
        for _, selector in several:
            self._seen.setdefault(selector.name, fact.row)
        now = [code for code, selector in several if selector.event.when == "delivered"]
        if now:
            self._feed(self._feeds(tuple(now)), fact, delivery)
        later = [(selector, fact) for _, selector in several if selector.event.when == "handled"]
        if later:
            self._ending[fact.row] = later
            if fact.row in self._handled_ahead:
                self._ahead[fact.row] = delivery

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
        row = table.rows[at]
        if (end := self._handled_ahead.get(row)) is not None:
            delivery = Delivery(row, table.lane(at), table.tasks[at])
            record = table.record(end)
            dropped = record is not None and self._program.dropped_of(record) is True
            self._deliveries.decide(delivery, end, dropped=dropped)
            return delivery
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
        delivery = self._ahead.pop(table.causes[at], None)
        if delivery is None:
            delivery = self._deliveries.ended(table.causes[at], table.lane(at), table.tasks[at])
            if delivery is None:
                return
            dropped = self._program.dropped(table.fact(at)) is True
            self._deliveries.decide(delivery, table.rows[at], dropped=dropped)
        self._decided(delivery, table.fact(at))

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
