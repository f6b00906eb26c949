"""Which rows of a piece of a log the rules look at: masks over columns first, then lines, each read once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from backend.events.vocabulary import (
    HANDLED,
    PUBLISHED,
    RECEIVED,
    RECORDING_ENDED,
    RECORDING_STARTED,
    STATE_READ,
    SUBSCRIBED,
    SYSTEM,
    UNSUBSCRIBED,
)
from backend.wire.query.nodes import MISSING
from debugger.analysis.rules.deliveries import PUBLISHES
from debugger.analysis.rules.program import Program, Selector
from debugger.analysis.rules.sessions import Sessions
from debugger.log import EventLog
from debugger.log.distinct import distinct
from debugger.log.fields import same
from debugger.log.query.joint import Piece, Places

# What else a row may be besides an event of the rules: the first three before, the others after it is one.
DECIDES, STARTED, ENDS_HANDLER = -3, -2, -1
SESSION_ENDS, ENDED = 1 << 20, (1 << 20) + 1

_MANY: Final = 2_048
"""Sessions; of more it is not asked which rows are theirs."""

_NOTHING: Final[dict[tuple[int, str], Any]] = {}
_SCALARS: Final = frozenset({str, int, float, bool, type(None)})

Values = dict[str | None, dict[tuple[int, str], Any]]
"""What a field was last, by session, the event that looks at it, and component."""


class Selected(NamedTuple):
    """Rows to be looked at, each with what it is, in order.

    ``handled`` are ends of handlers, by their receive: who is handled here is not waited for.
    """

    piece: Piece
    rows: NDArray[np.intp]
    codes: NDArray[np.int64]
    handled: dict[int, int]


class Selection:
    """Takes pieces in their order. It knows which messages are looked at, so whose ends matter."""

    def __init__(self, log: EventLog, program: Program, sessions: Sessions) -> None:
        self._log = log
        self._program = program
        self._sessions = sessions
        self._looked: set[int] = set()  # messages whose receives are looked at
        self._published = 0

    def of(
        self,
        start: int,
        stop: int,
        *,
        sent_only: bool | None,
        seen: dict[str, int],
        values: Values,
        waiting: dict[int, Any],
    ) -> Selected:
        """What there is in rows `start` up to `stop`.

        ``seen`` are events that were there before, ``values`` what fields were, ``waiting`` the receives
        that are not handled yet.
        """
        picking = _Picking(self._log, self._program, start, stop)
        if sent_only is None:
            picking.found.append((DECIDES, self._deciding(picking.kinds)))
        picking.events(sent_only, seen)
        self._looked.update(picking.received_messages())
        handled = picking.handlers(self._looked, waiting)
        picking.others(self._sessions)
        picking.without_the_unchanged(values)
        return picking.selected(handled)

    def _deciding(self, kinds: NDArray[Any]) -> Places:
        """The row from which on it is known whether receives are recorded."""
        received = np.flatnonzero(kinds == _id(self._log, "event_type", RECEIVED))[:1]
        published = np.flatnonzero(kinds == _id(self._log, "event_type", PUBLISHED))
        enough = published[PUBLISHES - self._published - 1 :][:1]
        self._published += len(published)
        return np.sort(np.concatenate((received, enough)))[:1]


class _Picking:
    """Of one piece. Places are rows from its first."""

    def __init__(self, log: EventLog, program: Program, start: int, stop: int) -> None:
        self._log = log
        self._program = program
        self._start = start
        self._stop = stop
        self._piece = program.joint.piece(log, start, stop)
        self.kinds = self._column("event_type")
        self._sessions = self._column("session")
        self._messages = self._column("message_type")
        self._events: dict[int, Places] = {}
        self._with_state: NDArray[np.bool_] | None = None
        self.found: list[tuple[int, Places]] = []

    def _column(self, name: str) -> NDArray[Any]:
        column: NDArray[Any] = self._log.column(name)[self._start : self._stop]
        return column

    # --- events of the rules -------------------------------------------------------------------

    def events(self, sent_only: bool | None, seen: dict[str, int]) -> None:
        """Those that may be the first of their kind that a judge hears; then those that need one before."""
        asked: list[tuple[int, int, Selector]] = []
        for code, selector in enumerate(self._program.selectors):
            if sent_only is not True or selector.sent < 0:
                asked.append((code, selector.query, selector))
            if selector.sent >= 0 and sent_only is not False:
                asked.append((code, selector.sent, selector))
        at_once = [one for one in asked if one[2].wakes is None and not one[2].better]
        self._pick([(code, query, self._possible(query, selector)) for code, query, selector in at_once])
        later = []
        for code, query, selector in asked:
            if selector.wakes is not None or selector.better:
                places = self._limited(query, selector, seen)
                if len(places):
                    later.append((code, query, places))
        self._pick(later)

    def _pick(self, several: list[tuple[int, int, Places]]) -> None:
        wanted = np.zeros(self._stop - self._start, np.bool_)
        for _, _, places in several:
            wanted[places] = True
        self._piece.read(np.flatnonzero(wanted))
        for code, query, places in several:
            if len(places):
                passing = self._piece.passes(query, places)
                self.found.append((code, passing))
                if query == self._program.selectors[code].query:
                    self._events[code] = passing

    def _possible(self, query: int, selector: Selector) -> Places:
        mask = self._piece.possible(query)
        if selector.snapshots and mask.any():
            mask = mask & self._states(distinct(self._column("component")[mask]))
        return np.flatnonzero(mask)

    def _states(self, components: NDArray[Any]) -> NDArray[np.bool_]:
        """Rows of some components that have a state."""
        if self._with_state is None:
            self._with_state = np.zeros(self._stop - self._start, np.bool_)
            reads = self.kinds == _id(self._log, "event_type", STATE_READ)
            self._with_state |= reads
            self._states_of: set[int] = set()
        log, size = self._log, self._stop - self._start
        for component in components.tolist():
            if component in self._states_of:
                continue
            self._states_of.add(component)
            name = log.name("component", component)
            for session in distinct(self._sessions[self._column("component") == component]).tolist():
                rows = log.snapshot_rows(name, log.interner("session").value(session), self._start - 1, -size)
                near = np.asarray(rows, np.int64) - self._start
                self._with_state[near[near < size]] = True
        return self._with_state

    def _limited(self, query: int, selector: Selector, seen: dict[str, int]) -> Places:
        """Without the rows that are no news: of a fallback, or of sessions of which no judge knows."""
        if any(name in seen for name in selector.better):
            return np.zeros(0, np.intp)
        places = self._possible(query, selector)
        for code in self._program.certain(selector.better):
            better = self._events.get(code)
            if better is not None and len(better):
                places = places[places < better[0]]
        if selector.wakes is None or not len(places):
            return places
        awake = {session for judge in selector.wakes for session in judge.knows}
        if len(awake) > _MANY:
            return places
        known = [self._log.id_of("session", session) for session in awake]
        wakers = [self._events[code] for code in self._program.wakers(selector) if code in self._events]
        wanted = np.concatenate(
            [
                np.array([one for one in known if one is not None], np.int64),
                *(self._sessions[one] for one in wakers),
            ]
        )
        return places[np.isin(self._sessions[places], wanted)] if len(wanted) else wanted.astype(np.intp)

    # --- handlers ------------------------------------------------------------------------------

    def received_messages(self) -> list[int]:
        """Messages whose handlers' ends are looked at from now on."""
        places = [self._events[code] for code in self._program.received if code in self._events]
        return distinct(self._messages[np.concatenate(places)]).tolist() if places else []

    def handlers(self, looked: set[int], waiting: dict[int, Any]) -> dict[int, int]:
        """Ends of handlers: those that are looked at by themselves are added, those of receives here told."""
        ends = np.flatnonzero(self.kinds == _id(self._log, "event_type", HANDLED))
        if not len(ends) or not looked:
            return {}
        ends = ends[np.isin(self._messages[ends], list(looked))]
        causes = self._column("cause_row")[ends].astype(np.int64)
        if (causes < 0).any():  # who ends is then told by where handlers run: one after the other
            self.found.append((ENDS_HANDLER, ends))
            self._piece.read(ends)
            return {}
        received = np.zeros(self._stop - self._start, np.bool_)
        asked = received.copy()  # those of which it counts when their handler ended
        for code in self._program.received:
            if code in self._events:
                received[self._events[code]] = True
                if self._program.selectors[code].event.when == "handled":
                    asked[self._events[code]] = True
        here = causes >= self._start
        own = np.flatnonzero(here & (causes < ends + self._start))
        own = own[received[causes[own] - self._start]]
        before = [at for at in np.flatnonzero(~here).tolist() if int(causes[at]) in waiting]
        pairs: dict[int, int] = {}
        for at in own.tolist():
            pairs.setdefault(int(causes[at]), int(ends[at]) + self._start)
        kept = np.array(sorted({*before, *own[asked[causes[own] - self._start]].tolist()}), np.intp)
        self.found.append((ENDS_HANDLER, ends[kept]))
        self._piece.read(np.sort(ends[np.concatenate((own, np.array(before, np.intp)))]))
        return pairs

    def others(self, sessions: Sessions) -> None:
        """Beginnings and ends of recordings, and ends of sessions."""
        log = self._log
        begins, ends = (_id(log, "event_type", name) for name in (SUBSCRIBED, UNSUBSCRIBED))
        life = np.flatnonzero((self.kinds == begins) | (self.kinds == ends))
        told = (self._sessions[life], self._column("component")[life], self._messages[life])
        gone = (self.kinds[life] == ends).tolist()
        where = zip(*(one.tolist() for one in told), strict=True)
        last = [sessions.subscription(*one, ends=end) for one, end in zip(where, gone, strict=True)]
        self.found.append((SESSION_ENDS, life[np.array(last, np.bool_)]))
        system = np.flatnonzero(self.kinds == _id(log, "event_type", SYSTEM))
        for name, code in ((RECORDING_STARTED, STARTED), (RECORDING_ENDED, ENDED)):
            self.found.append((code, system[self._messages[system] == _id(log, "message_type", name)]))

    # --- changes -------------------------------------------------------------------------------

    def without_the_unchanged(self, values: Values) -> None:
        """Of events that are changes of a field, drop what is surely none."""
        ends: dict[int, int] | None = None
        for number, (code, places) in enumerate(self.found):
            get = self._program.selectors[code].changes_of if 0 <= code < SESSION_ENDS else None
            if get is None or not len(places):
                continue
            if ends is None:
                ends = self._ends()
            self.found[number] = (code, self._changes(code, get, places, values, ends))

    def _ends(self) -> dict[int, int]:
        """Where sessions end, after which all is new: the first place of each."""
        life = next(places for code, places in self.found if code == SESSION_ENDS)
        told = [self._events[code] for code in self._program.ending if code in self._events]
        places = np.sort(np.concatenate((life, *told)))
        return dict(zip(self._sessions[places][::-1].tolist(), places[::-1].tolist(), strict=True))

    def _changes(
        self, code: int, get: Callable[[Any], Any], places: Places, values: Values, ends: dict[int, int]
    ) -> Places:
        record_of = self._piece.record
        sessions, components = self._sessions[places].tolist(), self._column("component")[places].tolist()
        session_of = self._log.interner("session").value
        session_names = {number: session_of(number) for number in set(sessions)}
        component_names = {number: self._log.name("component", number) for number in set(components)}
        last: dict[tuple[int, int], Any] = {}
        kept: list[int] = []
        for place, component, session in zip(places.tolist(), components, sessions, strict=True):
            record = record_of(place)
            value = MISSING if record is None else get(record)
            if value is MISSING:
                continue
            key = (component, session)
            was = last.get(key, kept)  # which no value is
            if was is kept:
                was = values.get(session_names[session], _NOTHING).get(
                    (code, component_names[component]), MISSING
                )
            if _alike(was, value) and place < ends.get(session, place + 1):
                continue
            last[key] = value
            kept.append(place)
        return np.array(kept, np.intp)

    def selected(self, handled: dict[int, int]) -> Selected:
        """All that was found, in order."""
        found = [(code, places) for code, places in self.found if len(places)]
        if not found:
            return Selected(self._piece, np.zeros(0, np.intp), np.zeros(0, np.int64), {})
        codes = np.concatenate([np.full(len(places), code) for code, places in found])
        rows = np.concatenate([places for _, places in found]) + self._start
        order = np.lexsort((codes, rows))
        return Selected(self._piece, rows[order], codes[order], handled)


def _alike(was: Any, value: Any) -> bool:
    """`same`, where most values are text or small."""
    if was is value:
        return True
    if type(was) is not type(value) or was != value:
        return False
    return type(value) in _SCALARS or same(was, value)


def _id(log: EventLog, column: str, name: str) -> int:
    number = log.id_of(column, name)
    return -1 if number is None else number
