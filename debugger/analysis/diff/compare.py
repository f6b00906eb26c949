"""Two recordings compared: `compare` does the work, `Diff` answers for any turn."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from debugger.analysis.diff import flags
from debugger.analysis.diff.alignment import Aligned, Alignments
from debugger.analysis.diff.facts import Facts, OneSide, facts_of
from debugger.analysis.diff.match import NOBODY
from debugger.analysis.diff.places import path_to
from debugger.analysis.diff.records import (
    SCHEMA,
    DiffReport,
    Divergence,
    Side,
    Status,
    TurnDifference,
    ValueKind,
)
from debugger.analysis.diff.tell import Teller
from debugger.log import EventLog

DETAILED: Final = 200
"""Differing turns that a report tells in full; the others it counts."""

_CACHED: Final = 64

OnProgress = Callable[[float], None]
ShouldStop = Callable[[], bool]


class StoppedError(Exception):
    """The comparison was ended before it was done."""


def compare(
    a: EventLog,
    b: EventLog,
    names: tuple[str, str] = ("a", "b"),
    *,
    on_progress: OnProgress | None = None,
    should_stop: ShouldStop | None = None,
) -> Diff:
    """Compare what two logs hold now.

    ``on_progress`` hears the share that is done, from 0 to 1; ``should_stop`` is asked as often.

    Raises:
        StoppedError: ``should_stop`` said so.
    """

    def step(share: float) -> None:
        if should_stop is not None and should_stop():
            raise StoppedError
        if on_progress is not None:
            on_progress(share)

    return Diff(facts_of(a, b, step), names)


class Diff:
    """What differs between two recordings.

    ``scopes`` are the turns, in the order of sessions and numbers; everything else names one by its place
    in there. ``differences`` and ``lesser`` count those of each scope. Rows are those of the logs.
    """

    def __init__(self, facts: Facts, names: tuple[str, str]) -> None:
        self.a, self.b = facts.a.log, facts.b.log
        self.names = names
        self.scopes = facts.keys.scopes
        self._facts = facts
        self._alignments = Alignments(facts)
        self._teller = Teller(facts, self._alignments)
        self._counts = _counts(facts, self._teller, len(self.scopes))
        ours = self._counts
        self.differences: NDArray[np.int64] = np.stack([ours[name] for name in _MATTER]).sum(axis=0)
        self.lesser = ours["streams"] + ours["crossed"] + ours["numbers"]
        self.turn = lru_cache(_CACHED)(self._turn)

    @property
    def equal(self) -> bool:
        """Whether both are the same but for times, numbers in states, and what two runs always differ in."""
        return not (self.differences.any() or self._counts["streams"].any() or self._counts["crossed"].any())

    def aligned(self, scope: int) -> Aligned:
        """A turn, row by row."""
        return self._alignments.of(scope)

    def mate(self, side: int, row: int) -> int | None:
        """The counterpart of a row of the first (0) or second (1) recording."""
        facts = self._facts
        found = int((facts.b if side else facts.a).mates[row])
        return None if found == NOBODY else found

    def cause(self, side: int, row: int) -> int | None:
        """The row of the same turn that caused a row."""
        facts = self._facts
        found = int((facts.b if side else facts.a).forest.parents[row])
        return found if found >= 0 else None

    def scope_of(self, side: int, row: int) -> int:
        """The turn of a row."""
        facts = self._facts
        return int((facts.b if side else facts.a).rows.scopes[row])

    def status(self, scope: int) -> Status:
        """Whether a turn is in both, and if it is, whether it is equal in structure."""
        counts = self._counts
        if not counts["events_b"][scope]:
            return "only_a"
        if not counts["events_a"][scope]:
            return "only_b"
        differs = self.differences[scope] or counts["streams"][scope] or counts["crossed"][scope]
        return "differs" if differs else "equal"

    def start_ns(self, side: int, scope: int) -> int | None:
        """When a turn began in the first (0) or second (1) recording; None if it is not in there."""
        rows = self._alignments.rows_b(scope) if side else self._alignments.rows_a(scope)
        times = (self.b if side else self.a).column("timestamp_ns")
        return int(times[rows].min()) if len(rows) else None

    def path(self, side: int, row: int) -> tuple[str, ...]:
        """What led to a row, from the root of its turn down."""
        return path_to(self._facts.b if side else self._facts.a, row)

    def values(self, row: int) -> list[tuple[ValueKind, str, Any, Any, bool]]:
        """What differs in value at a matched row of a: of what, field, both values, whether it matters."""
        return list(self._teller.values_at(row))

    def overtaken(self, row: int) -> tuple[int, int] | None:
        """The two rows of a, in order, whose order changed with ``row``; None if it kept its place."""
        move = int(self._facts.move_of[row])
        return (self._facts.moves[move].one, self._facts.moves[move].other) if move >= 0 else None

    @cached_property
    def first(self) -> Divergence | None:
        """Where the recordings part."""
        scope = self.first_scope()
        return None if scope is None else self._teller.divergence(scope, scope)

    def first_scope(self) -> int | None:
        """The turn in which they part: the first by the order of events."""
        facts = self._facts
        sides = (facts.b, facts.a) if facts.swapped else (facts.a, facts.b)
        for wanted in (flags.matters, _structure):
            found = _first(sides, wanted)
            if found is not None:
                return found
        return None

    def _turn(self, scope: int) -> TurnDifference:
        """All that is told of one turn."""
        tell = self._teller
        lists: dict[str, object] = {}
        if self.differences[scope] or self.lesser[scope]:
            lists = {
                "missing": tell.only_a(scope),
                "extra": tell.only_b(scope),
                "streams": tell.streams(scope),
                "order": tell.order(scope),
                "causes": tell.causes(scope),
                "values": tell.values(scope),
            }
        first = tell.divergence(scope, scope) if lists else None
        if self.scopes[scope].in_turn:
            lists["latencies"] = tell.latencies(scope)
        return self._bare(scope, first, **lists)

    def _bare(self, scope: int, first: Divergence | None = None, **lists: object) -> TurnDifference:
        """One turn with its counts, and the lists that are given."""
        named = self.scopes[scope]
        counts = {name: int(count[scope]) for name, count in self._counts.items()}
        events_a, events_b, matched = (counts.pop(name) for name in ("events_a", "events_b", "matched"))
        return TurnDifference(
            named.session_a,
            named.session_b,
            named.number,
            named.name,
            self.status(scope),
            events_a,
            events_b,
            matched,
            int(self.differences[scope]),
            int(self.lesser[scope]),
            first,
            counts={name: count for name, count in counts.items() if count},
            **lists,  # type: ignore[arg-type] # each is what `_turn` made for the field of its name
        )

    def report(self, detailed: int = DETAILED) -> DiffReport:
        """All that was found; the first ``detailed`` turns that differ in full."""
        turns = []
        left = detailed
        for scope in range(len(self.scopes)):
            differs = bool(self.differences[scope] or self.lesser[scope])
            turns.append(self.turn(scope) if left > 0 or not differs else self._bare(scope))
            left -= differs
        return DiffReport(
            SCHEMA,
            self.equal,
            "causal" if self._facts.causal else "flat",
            self.sides[0],
            self.sides[1],
            int(self._counts["matched"].sum()),
            int(self.differences.sum()),
            int(self.lesser.sum()),
            self.first,
            tuple(turns),
            (*self.notes, *([f"{-left} more turns differ: counted, not told"] if left < 0 else [])),
        )

    @cached_property
    def sides(self) -> tuple[Side, Side]:
        """Both recordings as a whole."""
        return _side(self._facts, 0, self.names[0]), _side(self._facts, 1, self.names[1])

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What could not be compared, and why."""
        notes = []
        if not self._facts.causal:
            notes.append(
                "no causes in at least one recording: compared by counting each kind of event in each turn"
            )
        for side in self.sides:
            for count, words in (
                (side.broken_lines, "broken or torn lines are not compared"),
                (side.gaps, "gaps: what was lost there looks missing"),
                (side.missing_events, "events are missing by their seq"),
                (side.unknown_causes if self._facts.causal else 0, "events name a cause that is not there"),
                (side.late_causes, "events come before their cause, and are taken as roots"),
                (side.unreadable, "lines could not be read again: their values are not compared"),
            ):
                if count:
                    notes.append(f"{side.name}: {count} {words}")
            if not side.events:
                notes.append(f"{side.name}: no events")
        return tuple(notes)


_MATTER: Final = ("missing", "extra", "moved", "causes", "severity", "payload", "state")


def _counts(facts: Facts, tell: Teller, scopes: int) -> dict[str, NDArray[np.int64]]:
    """For each scope, how many there are of each kind."""
    a, b = facts.a, facts.b

    def rows(side: OneSide, wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.bincount(side.rows.scopes[wanted], minlength=scopes)

    def items(found: NDArray[Any]) -> NDArray[np.int64]:
        return np.bincount(found, minlength=scopes)

    def flagged(flag: int) -> NDArray[np.int64]:
        return rows(a, a.flags & np.uint16(flag) != 0)

    moves = {
        races: np.array([move.first for move in facts.moves if move.races is races], np.int64)
        for races in (True, False)
    }
    return {
        "events_a": items(a.rows.scopes),
        "events_b": items(b.rows.scopes),
        "matched": rows(a, a.mates != NOBODY),
        "missing": items(tell.tops[0].scopes),
        "extra": items(tell.tops[1].scopes),
        "moved": items(a.rows.scopes[moves[True]]),
        "causes": flagged(flags.CAUSE),
        "severity": flagged(flags.SEVERITY),
        "payload": flagged(flags.PAYLOAD),
        "state": flagged(flags.STATE),
        "streams": items(tell.streams_in),
        "crossed": items(a.rows.scopes[moves[False]]),
        "numbers": flagged(flags.NUMBERS),
    }


def _structure(found: NDArray[np.uint16]) -> NDArray[np.bool_]:
    return np.asarray(found & (flags.ALONE | flags.CROSSED) != 0)


def _first(
    sides: tuple[OneSide, OneSide], wanted: Callable[[NDArray[np.uint16]], NDArray[np.bool_]]
) -> int | None:
    """The scope of the first wanted row of either side, by the rows of the first one."""
    one, other = sides
    here, there = np.flatnonzero(wanted(one.flags)), np.flatnonzero(wanted(other.flags))
    at = (int(here[0]), int(one.rows.scopes[here[0]])) if len(here) else None
    there = there[other.mates[there] == NOBODY]
    if len(there):
        row = int(there[0])
        in_place = np.flatnonzero(other.flags[:row] & (flags.ALONE | flags.OUT_OF_PLACE) == 0)
        before = int(other.mates[in_place[-1]]) if len(in_place) else -1
        if at is None or before < at[0]:
            return int(other.rows.scopes[row])
    return None if at is None else at[1]


def _side(facts: Facts, number: int, name: str) -> Side:
    one, other = (facts.a, facts.b) if number == 0 else (facts.b, facts.a)
    stats = one.log.stats
    scopes = [facts.keys.scopes[scope] for scope in np.unique(one.rows.scopes).tolist()]
    theirs = other.log.stats.by_component
    return Side(
        name,
        len(one.rows.kinds),
        len(stats.sessions),
        sum(scope.number is not None for scope in scopes),
        stats.broken_count,
        stats.gaps,
        sum(stats.missing.values()),
        int(one.forest.unknown.sum()) if facts.causal else 0,
        one.forest.late_causes,
        one.unreadable,
        tuple(name for name in stats.by_component if name not in theirs),
    )
