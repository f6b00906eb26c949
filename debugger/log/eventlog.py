"""The event log: columnar, append-only, indexed. One thread appends, any thread reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, cast

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from backend.events import Event, decode_line, encode_event
from backend.events.vocabulary import GAP, SEVERITIES, STATE_READ, SYSTEM
from backend.wire.query.nodes import Missing
from debugger.log.bound import Bound
from debugger.log.causes import Causes
from debugger.log.clocks import Drifts, Highs, MonoColumn, SteadyColumn
from debugger.log.columns import DRIFT, Columns
from debugger.log.encode import FAMILIES, MOST_DIRECTIONS, Encoder
from debugger.log.header import header_of
from debugger.log.interner import Interner
from debugger.log.lines import GONE, LIVE, Lines
from debugger.log.mapper import Mapper
from debugger.log.names import Sessions, overfull, tables_of
from debugger.log.neighbours import neighbour
from debugger.log.pack import Pack, pack_events
from debugger.log.records import BrokenLine, Header, LogStats, Snapshot
from debugger.log.scan import matching, next_match
from debugger.log.snapshots import Snapshots
from debugger.log.states import StateIndex
from debugger.log.stores import Sealed, Store
from debugger.log.summary import summarise
from debugger.log.tally import Tally, stats_of
from debugger.log.topology import Topology

ARENA_BYTES: Final = 256 << 20
"""Compressed bytes of live events that are kept: some five million of them."""

SYNTHETIC: Final = "debugger"
"""The component of rows that the debugger itself adds, such as gaps."""

_FORGOTTEN: Final = "forgotten"


class EventLog:
    """Rows 0 to ``len(log) - 1``, in the order of arrival; `debugger.log.columns` says what they hold.

    Lines of files stay in their files and are read when they are looked at; live lines
    are kept in at most `arena_bytes` of memory, after which the oldest lose their payload
    (`evicted` counts them) and keep their row.

    With `max_rows` the oldest rows are forgotten (see `Bound`); the others keep their numbers. Rows
    below `first_row` have nothing in them: columns read as 0 there, and nothing points at them. Such a
    log is read only by the thread that appends.
    """

    def __init__(self, *, arena_bytes: int | None = ARENA_BYTES, max_rows: int | None = None) -> None:
        self._rows = 0
        self._columns = Columns()
        self._names = tables_of(forgets=max_rows is not None)
        self._bound = Bound(max_rows, self._columns, self._names)
        self._directions = Interner(MOST_DIRECTIONS)
        self._drifts = Drifts()
        self._highs = Highs()
        self._encoder = Encoder(self._names, self._directions, self._drifts)
        self._lines = Lines(self._columns, self._names["component"], arena_bytes)
        self._causes = Causes(self._columns)
        self._tally = Tally()
        kinds, bound = self._names["message_type"], max_rows is not None
        self.topology: Final = Topology(self._names["component"], kinds, bound=bound)
        states = StateIndex(self._names["event_type"].intern(STATE_READ), wide=max_rows is not None)
        self._snapshots = Snapshots(states, self._lines, self._names)
        synthetic = self._names["component"].intern(SYNTHETIC)
        self._sessions = Sessions(self._names["session"])
        self._mapper = Mapper(self._columns, self._names, self.topology, self._tally, synthetic)

    def __len__(self) -> int:
        """Rows that are complete and can be read, those that are forgotten with them."""
        return self._rows

    @property
    def forgets(self) -> bool:
        """Whether it has a bound, so that what is known now may be forgotten later."""
        return self._bound.max_rows is not None

    @property
    def first_row(self) -> int:
        """The first row that is known: those below are forgotten. 0 for recordings."""
        return self._bound.first

    # --- growing ---------------------------------------------------------------

    def append(self, raw: bytes, event: Event) -> int:
        """Add a live event with its line; returns its row."""
        return self.append_many([raw], [event])

    def append_many(self, lines: Sequence[bytes], events: Sequence[Event]) -> int:
        """Add live events with their lines; returns the row of the first. Cheaper than one by one."""
        put = self._lines.arena.put
        offsets = [put(line + b"\n") for line in lines]
        return self.extend(events, LIVE, offsets, [len(line) for line in lines])

    def put_lines(self, text: bytes, blocks: Sequence[Sealed] = ()) -> int:
        """Keep lines of live events, each with its newline, as text or else compressed.

        Returns where they begin in the store `LIVE`, for `extend_packed`.
        """
        arena = self._lines.arena
        return arena.put_sealed(blocks) if blocks else arena.put(text, text.count(b"\n"))

    def append_gap(
        self, source: str | None, from_seq: int | None, to_seq: int | None, reason: str, first_ns: int = 0
    ) -> int:
        """Add a row that shows a loss; its time is that of the row before, else ``first_ns``."""
        at_ns = int(self._columns["timestamp_ns"][self._rows - 1]) if self._rows else first_ns
        gap = Event(
            at_ns / 1e9,
            SYSTEM,
            SYNTHETIC,
            GAP,
            data={"source": source, "from_seq": from_seq, "to_seq": to_seq, "reason": reason},
            source=source,
            timestamp_ns=at_ns,
            severity="warning",
        )
        line = encode_event(gap)
        return self.append(line, decode_line(line))

    def add_store(self, store: Store) -> int:
        """Register where lines of a file are read from; returns its number for `extend`."""
        self._causes.add_store()
        return self._lines.add_store(store)

    def extend(
        self,
        events: Sequence[Event],
        store: int | Sequence[int],
        offsets: Sequence[int] | NDArray[np.int64],
        lengths: Sequence[int] | NDArray[np.int64],
    ) -> int:
        """Add events whose lines are in a store (one for all, or one each); returns the first row."""
        return self.extend_packed(pack_events(events), store, offsets, lengths) if events else self._rows

    def extend_packed(
        self,
        pack: Pack,
        store: int | Sequence[int],
        offsets: Sequence[int] | NDArray[np.int64],
        lengths: Sequence[int] | NDArray[np.int64],
    ) -> int:
        """As `extend`, of events that were packed before."""
        start, stop = self._rows, self._rows + len(pack.times)
        self._bound.note(start)
        columns = self._encoder.columns(pack)
        places = self._lines.placed(store, np.asarray(offsets, np.int64), np.asarray(lengths, np.int64))
        self._columns.reserve(stop)
        self._columns.write(start, columns)
        self._columns.write(start, places)
        late = self._causes.link(pack, store, start)
        self._snapshots.add(pack.states, columns, start)
        self._tally.add(columns)
        self._mapper.add(pack.telling, columns, start, late)
        self._highs.add(self._columns["timestamp_ns"], stop)
        self._rows = stop  # from here on readers see the new rows, complete
        if (first := self._bound.overdue(stop)) is not None:
            self._forget(first)
        return start

    def skip_to(self, row: int) -> None:
        """Go on at `row`: what would be before it never comes here, and all that came is forgotten."""
        self._columns.reserve(row)
        self._rows = row
        self._forget(row)

    def _forget(self, first: int) -> None:
        """Rows below `first` go, from the columns and from all that points at them."""
        self._highs.forget(self._columns["timestamp_ns"], first)
        self._columns.release(first)
        self._bound.first = first
        self._causes.forget(first, self._rows)
        self._snapshots.forget(first)
        self._lines.forget(first, self._rows)
        self._bound.forget_names(self._rows)

    def add_broken(self, line: BrokenLine) -> None:
        """Count a line that was skipped."""
        self._tally.add_broken(line)

    def set_torn(self, path: str, line: BrokenLine | None) -> None:
        """Say that a file ends in an unfinished line, or (None) no longer does."""
        if line is None:
            self._tally.torn.pop(path, None)
        else:
            self._tally.torn[path] = line

    # --- columns and names -------------------------------------------------------

    def column(self, name: str) -> NDArray[Any]:
        """A read-only view of a column's rows so far, at no cost. ``cause_row`` may still change in it.

        It is as narrow as its numbers are so far (a byte, often): widen before you compute with it.
        """
        rows = self._rows
        if name in ("mono_ns", "steady_ns"):  # read like arrays, but made for the rows that are asked for
            times, kept = self._columns["timestamp_ns"][:rows], self._columns[DRIFT][:rows]
            if name == "steady_ns":
                return cast("NDArray[Any]", SteadyColumn(times, kept))
            return cast("NDArray[Any]", MonoColumn(self._drifts, times, kept, self._columns["source"][:rows]))
        view = self._columns[name][:rows]
        view.flags.writeable = False
        return view

    def interner(self, column: str) -> Interner:
        """The names of a column of interned numbers."""
        return self._directions if column == "direction" else self._names[column]

    def name(self, column: str, number: int) -> str:
        """The name behind a number; empty for 'none'. Severities and families have theirs too."""
        if column == "severity":
            return SEVERITIES[number]
        if column == "family":
            return FAMILIES[number].name
        return self.interner(column).name(number)

    def id_of(self, column: str, text: str | None) -> int | None:
        """The number of a name in a column; None if no event has it."""
        return self.interner(column).id_of(text)

    # --- one row -------------------------------------------------------------------

    def raw(self, row: int) -> bytes:
        """The line as it came, without its newline; empty where it is no longer there."""
        return self._lines.raw(row) if self._checked(row) >= self._bound.first else b""

    def line_numbers(self, rows: Iterable[int]) -> dict[int, int]:
        """Where rows stand in their files, counted from 1; nothing for what came live. Reads the files."""
        return self._lines.numbers(self._checked(row) for row in rows)

    def event(self, row: int) -> dict[str, Any]:
        """The whole event, unknown fields included, as a fresh dict; ``{'…': why}`` if its line is gone."""
        return self._lines.event(row) if self._checked(row) >= self._bound.first else {GONE: _FORGOTTEN}

    def _decoded(self, row: int) -> Event | None:
        return self._lines.decoded(row) if self._checked(row) >= self._bound.first else None

    def header(self, row: int) -> Header:
        """All fields of one event but the payloads; of a forgotten one none."""
        return header_of(self, row, self._decoded(row))

    def summary(self, row: int) -> str:
        """One bounded line of plain text about the payload; foreign words, so escape before showing."""
        event = self._decoded(row)
        if row < self._bound.first:
            return f"({_FORGOTTEN})"
        return f"({self._lines.why_gone(row)})" if event is None else summarise(event.payload())

    # --- neighbours ----------------------------------------------------------------

    def cause_row(self, row: int) -> int | None:
        """The row that caused this one, if it is known."""
        cause = int(self._columns["cause_row"][self._checked(row)])
        return cause if self._bound.first <= cause < self._rows and row >= self._bound.first else None

    def effect_rows(self, row: int, limit: int = 100) -> list[int]:
        """The first `limit` rows that name this one as their cause, in order."""
        if self._checked(row) < self._bound.first:
            return []
        return matching(self.column("cause_row"), row, limit, self._bound.first)

    def neighbour(self, row: int, column: str, step: int) -> int | None:
        """The row ``step`` further (back, if negative) among those with the same value in `column`.

        A turn means the same turn of the same session. None at the ends, and for a row
        that has no value there.
        """
        return neighbour(self, self._checked(row), column, step)

    def find(self, source: str | None, seq: int) -> int | None:
        """The row of an event by its source (None: of any) and count."""
        conditions = [(self.column("seq"), seq)]
        if source is not None:
            if (number := self.id_of("source", source)) is None:
                return None
            conditions.append((self.column("source"), number))
        return next_match(-1, 1, *conditions, first=self._bound.first) if seq >= 0 else None

    def find_id(self, event_id: str) -> int | None:
        """The row of the event with this id; for a row whose line was evicted, very probably."""
        for row in self._causes.find(event_id):
            if row < self._rows and ((event := self._decoded(row)) is None or event.id == event_id):
                return row
        return None

    def knows(self, event_ids: Sequence[str]) -> NDArray[np.bool_]:
        """Whether there are, very probably, events with these ids."""
        return self._causes.knows(event_ids)

    def row_at_time(self, timestamp_ns: int) -> int:
        """The last row at or before a time, as far as the clock ran forward; the first if all are later."""
        return self._highs.row_at(self._columns["timestamp_ns"][: self._rows], timestamp_ns)

    # --- state ---------------------------------------------------------------------

    def state_at(self, component: str, session: str | None, row: int) -> Snapshot | None:
        """A component's last snapshot in a session (None: outside of any) at or before `row`."""
        return self._snapshots.at(component, session, min(row, self._rows - 1))

    def previous_state(self, component: str, session: str | None, row: int) -> Snapshot | None:
        """The snapshot before the one that `state_at` gives."""
        return self._snapshots.at(component, session, min(row, self._rows - 1), 1)

    def snapshot_rows(self, component: str, session: str | None, row: int, count: int) -> list[int]:
        """At most `count` rows of snapshots, in order: the last up to `row`; negative: the next after it."""
        return self._snapshots.rows(component, session, row, count)

    def state_sessions(self, component: str) -> tuple[str | None, ...]:
        """The sessions in which a component has snapshots; None, outside of any, first."""
        return self._snapshots.sessions(component)

    def latest_state_session(self, component: str, row: int) -> str | Missing | None:
        """In which a component has its last snapshot at or before `row`; `MISSING` if it has none."""
        return self._snapshots.latest_session(component, min(row, self._rows - 1))

    @property
    def state_components(self) -> tuple[str, ...]:
        """The components that have snapshots, in order of their first."""
        return self._snapshots.components()

    # --- the whole -------------------------------------------------------------------

    @property
    def evicted(self) -> int:
        """Live events whose payload is gone, of those that are known."""
        return max(self._lines.arena.evicted - self._bound.first, 0)

    @property
    def stats(self) -> LogStats:
        """What is in the log and what is missing, as of now."""
        by_component = self._tally.by_component(self._names["component"].name)
        return structs.replace(self.brief, sessions=self._sessions.all(), by_component=by_component)

    @property
    def brief(self) -> LogStats:
        """As `stats`, but without its lists of names: for who asks ten times a second."""
        first = self._bound.first
        return stats_of(
            self._tally,
            self._names["source"].name,
            events=self._rows,
            evicted=self.evicted,
            forgotten=first,
            first_ns=int(self._columns["timestamp_ns"][first]) if first else self._tally.first_ns,
            overfull=(*overfull(self._names), *(("topology",) if self.topology.overfull else ())),
        )

    def _checked(self, row: int) -> int:
        if not 0 <= row < self._rows:
            raise IndexError(f"row {row} of a log of {self._rows}")
        return row

    def store_of(self, number: int) -> Store:
        """The store that the ``store`` column calls `number`, to read many lines at once."""
        return self._lines.store_of(number)

    def certain(self, number: int) -> bool:
        """Whether the lines there are surely those that were read: nobody wrote to a file meanwhile."""
        return self._lines.certain(number)
