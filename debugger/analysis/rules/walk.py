"""Goes over the rows that rules look at, in order, and hands them to the judges."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from backend.events.vocabulary import PUBLISHED, RECEIVED
from backend.wire.query.nodes import MISSING
from debugger.analysis.rules.deliveries import Deliveries, Delivery, Lane
from debugger.analysis.rules.facts import Fact
from debugger.analysis.rules.program import Feeds, Program, Selector
from debugger.analysis.rules.selection import DECIDES, ENDS_HANDLER, SESSION_ENDS, STARTED, Selection, Values
from debugger.analysis.rules.sessions import Sessions
from debugger.analysis.rules.table import Table
from debugger.analysis.turns.keys import TurnKeys
from debugger.log import EventLog
from debugger.log.fields import same

_REMEMBERED: Final = 1 << 14
"""Sessions, and values in one of them, whose changes are looked for."""


class _Plan(NamedTuple):
    """What is to be done with a row that is some events at once."""

    changes: tuple[tuple[int, Selector], ...]
    plain: Feeds
    names: frozenset[str]
    received: tuple[str, ...]
    now: Feeds
    later: tuple[Selector, ...]
    ends_session: bool


def _plan(program: Program, codes: tuple[int, ...]) -> _Plan:
    several = [(code, program.selectors[code]) for code in dict.fromkeys(codes)]
    happened = [one for one in several if one[1].event.when == "happened"]
    received = [one for _, one in several if one.event.when != "happened"]
    plain = [one for _, one in happened if one.changes is None]
    return _Plan(
        tuple(one for one in happened if one[1].changes is not None),
        _merged(plain),
        frozenset(one.name for one in plain),
        tuple(one.name for one in received),
        _merged([one for one in received if one.event.when == "delivered"]),
        tuple(one for one in received if one.event.when == "handled"),
        any(one.ends_session for _, one in several),
    )


def _merged(selectors: list[Selector]) -> Feeds:
    """In the order of cases, and of the parts of each."""
    return tuple(sorted((feed for one in selectors for feed in one.feeds), key=lambda feed: feed[0]))


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
        self._values: Values = {}
        self._plans: dict[tuple[int, ...], _Plan] = {}
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
        at, count = 0, len(told)
        all_rows = [*table.rows, -1]
        while at < count:
            upto, row = at + 1, all_rows[at]
            while all_rows[upto] == row:
                upto += 1
            first, last = told[at], told[upto - 1]
            if first >= 0 and last < SESSION_ENDS:
                self._events(table, at, tuple(told[at:upto]))
            else:
                self._row(table, at, told[at:upto])
            at = upto

    # --- a row ---------------------------------------------------------------------------------

    def _row(self, table: Table, at: int, codes: list[int]) -> None:
        events = tuple(code for code in codes if 0 <= code < SESSION_ENDS)
        for code in codes:
            if code < 0:
                self._before(table, at, code)
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
        self._values.pop(fact.session, None)

    # --- events of the rules -------------------------------------------------------------------

    def _events(self, table: Table, at: int, codes: tuple[int, ...]) -> None:
        plan = self._plans.get(codes)
        if plan is None:
            plan = self._plans[codes] = _plan(self._program, codes)
        fact = table.fact(at)
        for code, selector in plan.changes:
            changed = self._changed(code, selector, fact)
            if changed is not None:
                self._seen.setdefault(selector.name, fact.row)
                self._feed(selector.feeds, changed, None)
        if plan.plain:
            self._feed(plan.plain, fact, None)
        if plan.received:
            self._received(table, at, plan)
        if plan.names - self._seen.keys():
            for name in plan.names:
                self._seen.setdefault(name, fact.row)
        if plan.ends_session:
            self._session_ended(fact)

    def _received(self, table: Table, at: int, plan: _Plan) -> None:
        """A receive, or a publish in place of one."""
        fact = table.fact(at)
        if fact.kind != PUBLISHED:
            delivery = self._began(table, at)
        elif self._sent_only is not False:
            delivery = self._sent_off(table, at)
        else:
            return
        for name in plan.received:
            self._seen.setdefault(name, fact.row)
        if plan.now:
            self._feed(plan.now, fact, delivery)
        if plan.later:
            self._ending[fact.row] = [(selector, fact) for selector in plan.later]
            if fact.row in self._handled_ahead:
                self._ahead[fact.row] = delivery

    def _feed(self, feeds: Feeds, fact: Fact, delivery: Delivery | None) -> None:
        if fact.session in self._program.waiters or not (delivery is None or delivery.counts):
            if delivery is None or not delivery.dropped:
                for _, judge, binding in feeds:
                    judge.push(binding, fact, delivery)
        else:
            for _, judge, binding in feeds:
                judge.take_in(binding, fact)

    def _changed(self, code: int, selector: Selector, fact: Fact) -> Fact | None:
        if selector.changes is None:
            return None
        known = self._values.get(fact.session)
        if known is None:
            known = self._values[fact.session] = {}
            if len(self._values) > _REMEMBERED:
                self._values.pop(next(iter(self._values)))
        key = (code, fact.component)
        value, was = selector.changes(fact), known.get(key, MISSING)
        if value is MISSING or same(was, value):
            return None
        known[key] = value
        if len(known) > _REMEMBERED:
            known.pop(next(iter(known)))
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
