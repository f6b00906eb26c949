"""What is told of one turn: the first differences of each kind, and where the recordings part."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from debugger.analysis.diff import flags
from debugger.analysis.diff.alignment import GAP, Aligned, Alignments, Grouped
from debugger.analysis.diff.facts import Facts, OneSide
from debugger.analysis.diff.latency import latencies
from debugger.analysis.diff.meaning import is_number, payload_of, state_of
from debugger.analysis.diff.order import Move
from debugger.analysis.diff.places import label_of, path_to, place_of
from debugger.analysis.diff.records import (
    CauseDifference,
    Divergence,
    DivergenceKind,
    OrderDifference,
    Pair,
    Place,
    StreamDifference,
    Unmatched,
    ValueDifference,
    ValueKind,
)

LISTED: Final = 20
"""Differences of one kind that are listed for one turn; all are counted."""

READ: Final = 60
"""Pairs of lines that are read to tell the values of one turn."""

_VALUE_FLAGS: Final = flags.VALUES | flags.NUMBERS


class Teller:
    """Tells the differences of any scope."""

    def __init__(self, facts: Facts, alignments: Alignments) -> None:
        self._facts = facts
        self._alignments = alignments
        a, b = facts.a, facts.b
        self.tops = _grouped_tops(a), _grouped_tops(b)
        self.pieces = _grouped_pieces(a), _grouped_pieces(b)
        self.streams_in = _streams(facts)
        self._sizes = _sizes(a), _sizes(b)
        self._moves = _by_scope(facts)

    # --- lists -----------------------------------------------------------------------

    def only_a(self, scope: int) -> tuple[Unmatched, ...]:
        """What only the first recording has."""
        return self._unmatched(self._facts.a, 0, scope)

    def only_b(self, scope: int) -> tuple[Unmatched, ...]:
        """What only the second recording has."""
        return self._unmatched(self._facts.b, 1, scope)

    def _unmatched(self, side: OneSide, number: int, scope: int) -> tuple[Unmatched, ...]:
        sizes = self._sizes[number]
        return tuple(
            Unmatched(place_of(side.log, row), int(sizes[row]), path_to(side, row))
            for row in self.tops[number].of(scope)[:LISTED].tolist()
        )

    def streams(self, scope: int) -> tuple[StreamDifference, ...]:
        """What came in another number."""
        facts, found = self._facts, []
        kinds_a = facts.a.rows.kinds[self._alignments.rows_a(scope)]
        kinds_b = facts.b.rows.kinds[self._alignments.rows_b(scope)]
        for number, side in enumerate((facts.a, facts.b)):
            tops = self.pieces[number].of(scope)
            kinds = side.rows.kinds[tops]
            for kind in dict.fromkeys(kinds.tolist()):
                mine = tops[kinds == kind]
                named = facts.keys.kinds[kind]
                found.append(
                    StreamDifference(
                        named.component,
                        named.event_type,
                        named.message_type,
                        int((kinds_a == kind).sum()),
                        int((kinds_b == kind).sum()),
                        place_of(side.log, int(mine[0])),
                        int(self._sizes[number][mine].sum()),
                    )
                )
        return tuple(found)

    def order(self, scope: int) -> tuple[OrderDifference, ...]:
        """What happened in the other order; the same kinds together."""
        kinds = self._facts.a.rows.kinds
        groups: dict[tuple[bool, bool, int, int], list[Move]] = {}
        for move in self._moves.get(scope, ()):
            key = (not move.races, not move.same_component, int(kinds[move.one]), int(kinds[move.other]))
            groups.setdefault(key, []).append(move)
        return tuple(
            OrderDifference(
                self._pair(moves[0].one),
                self._pair(moves[0].other),
                moves[0].same_component,
                moves[0].races,
                len(moves),
                sum(move.events for move in moves),
            )
            for _, moves in sorted(groups.items(), key=lambda item: item[0][:2])[:LISTED]
        )

    def causes(self, scope: int) -> tuple[CauseDifference, ...]:
        """What something else caused."""
        facts = self._facts
        found = []
        for row in self._flagged(scope, flags.CAUSE)[:LISTED].tolist():
            mate = int(facts.a.mates[row])
            causes = _cause(facts.a, row), _cause(facts.b, mate)
            found.append(CauseDifference(self._pair(row), *causes))
        return tuple(found)

    def values(self, scope: int) -> tuple[ValueDifference, ...]:
        """Fields with another value: of each, the first time and how often."""
        found: dict[tuple[str, str, str], ValueDifference] = {}
        rows = self._flagged(scope, _VALUE_FLAGS)
        for rank in (rows[flags.matters(self._facts.a.flags[rows])], rows):
            for row in rank[:READ].tolist():
                self._add_values(row, found)
            if len(rank) >= READ:
                break  # what matters less finds no room
        return tuple(sorted(found.values(), key=lambda one: not one.matters))

    def _add_values(self, row: int, found: dict[tuple[str, str, str], ValueDifference]) -> None:
        pair = self._pair(row)
        for kind, field, a, b, weight in self.values_at(row):
            key = (kind, pair.a.component, field)
            before = found.get(key)
            if before is None:
                found[key] = ValueDifference(kind, pair, field, a, b, 1, weight)
            elif before.pair.a.row < row:
                found[key] = ValueDifference(
                    kind, before.pair, field, before.a, before.b, before.count + 1, weight
                )

    def values_at(self, row: int) -> Iterable[tuple[ValueKind, str, Any, Any, bool]]:
        """The values that differ at a matched row of a: what of, field, both, and whether it matters."""
        a, b = self._facts.a, self._facts.b
        found, mate = int(a.flags[row]), int(a.mates[row])
        if found & flags.SEVERITY:
            one, other = (
                log.name("severity", int(log.column("severity")[at]))
                for log, at in ((a.log, row), (b.log, mate))
            )
            yield "severity", "severity", one, other, True
        if not found & (flags.PAYLOAD | flags.STATE | flags.NUMBERS):
            return
        event, counterpart = a.log.event(row), b.log.event(mate)
        if found & flags.PAYLOAD:
            for field, one, other in _unequal(payload_of(event), payload_of(counterpart)):
                yield "payload", field, one, other, True
        for field, one, other in _unequal(state_of(event), state_of(counterpart)):
            words = not (is_number(one) and is_number(other))
            if found & (flags.STATE if words else flags.NUMBERS):
                yield "state", field, one, other, words

    def latencies(self, scope: int) -> Any:
        """Waits that changed the most."""
        rows = self._alignments.rows_a(scope), self._alignments.rows_b(scope)
        return latencies(self._facts, *rows)

    # --- where they part ----------------------------------------------------------------

    def divergence(self, scope: int, turn: int) -> Divergence | None:
        """The first difference of a scope that matters, or if there is none, the first at all."""
        aligned = self._alignments.of(scope)
        heavy = flags.matters(aligned.flags)
        light = flags.lesser(aligned.flags)
        places = np.flatnonzero(heavy)
        if not len(places):
            # Numbers alone are no other structure.
            places = np.flatnonzero(light & (aligned.flags & ~np.uint16(flags.NUMBERS | flags.STREAM) != 0))
            if not len(places):
                return None
        at = int(places[0])
        before = light[:at] & (aligned.flags[:at] & ~np.uint16(flags.NUMBERS) != 0)
        return self._told(aligned, at, heavy if heavy[at] else light, turn, int(before.sum()))

    def _told(
        self, aligned: Aligned, at: int, wanted: NDArray[np.bool_], turn: int, lesser: int
    ) -> Divergence:
        facts = self._facts
        a, b, found = int(aligned.a[at]), int(aligned.b[at]), int(aligned.flags[at])
        if found & flags.ALONE:
            missing, extra = _gap(aligned, at, wanted)
            one = place_of(facts.a.log, missing) if missing != GAP else None
            other = place_of(facts.b.log, extra) if extra != GAP else None
            path = path_to(facts.a, missing) if one is not None else path_to(facts.b, extra)
            return Divergence(_alone(one, other), turn, one, other, path, _alone_words(one, other), lesser)
        row = a if a != GAP else int(facts.b.mates[b])
        if found & flags.MOVED or not flags.matters(aligned.flags[at]):
            return self._told_order(row, turn, lesser)
        pair = self._pair(row)
        kind, about = self._pair_words(row, found)
        return Divergence(kind, turn, pair.a, pair.b, path_to(facts.a, row), about, lesser)

    def _told_order(self, row: int, turn: int, lesser: int) -> Divergence:
        facts = self._facts
        move = facts.moves[int(facts.move_of[row])]
        one, other = place_of(facts.a.log, move.one), place_of(facts.b.log, int(facts.a.mates[move.other]))
        about = f"in a first: {label_of(one)}; in b first: {label_of(other)}"
        return Divergence("order", turn, one, other, path_to(facts.a, move.one), about, lesser)

    def _pair_words(self, row: int, found: int) -> tuple[DivergenceKind, str]:
        if found & flags.CAUSE:
            causes = _cause(self._facts.a, row), _cause(self._facts.b, int(self._facts.a.mates[row]))
            one, other = ("of itself" if cause is None else label_of(cause) for cause in causes)
            return "cause", f"caused in a by: {one}; in b by: {other}"
        kind: DivergenceKind = "state"
        words: list[str] = []
        for kind_of, field, a, b, weight in self.values_at(row):
            if weight:
                kind = kind if words else kind_of
                words.append(f"{field}: {_json(a)} in a, {_json(b)} in b")
        return kind, "; ".join(words[:3])

    # --- helpers --------------------------------------------------------------------------

    def _flagged(self, scope: int, wanted: int) -> NDArray[np.int64]:
        rows = self._alignments.rows_a(scope)
        return np.asarray(rows[self._facts.a.flags[rows] & np.uint16(wanted) != 0])

    def _pair(self, row: int) -> Pair:
        facts = self._facts
        return Pair(place_of(facts.a.log, row), place_of(facts.b.log, int(facts.a.mates[row])))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _gap(aligned: Aligned, at: int, wanted: NDArray[np.bool_]) -> tuple[int, int]:
    """The first row of a and the first of b that are alone between the same two pairs."""
    missing = extra = GAP
    while at < len(aligned.a) and (aligned.a[at] == GAP or aligned.b[at] == GAP):
        if wanted[at] and int(aligned.flags[at]) & flags.ALONE:
            if aligned.b[at] == GAP and missing == GAP:
                missing = int(aligned.a[at])
            elif aligned.a[at] == GAP and extra == GAP:
                extra = int(aligned.b[at])
        at += 1
    return missing, extra


def _alone(one: Place | None, other: Place | None) -> DivergenceKind:
    if one is not None and other is not None:
        return "replaced"
    return "extra" if one is None else "missing"


def _alone_words(one: Place | None, other: Place | None) -> str:
    if one is not None and other is not None:
        return f"in a: {label_of(one)}; in b instead: {label_of(other)}"
    return (
        f"only in a: {label_of(one)}" if one is not None else f"only in b: {label_of(other)}" if other else ""
    )


def _cause(side: OneSide, row: int) -> Place | None:
    cause = side.log.cause_row(row)
    return None if cause is None else place_of(side.log, cause)


def _unequal(a: dict[str, Any], b: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    return [
        (name, one, other)
        for name in dict.fromkeys((*a, *b))
        if (one := _value(a, name)) != (other := _value(b, name))
    ]


def _value(found: dict[str, Any], name: str) -> Any:
    """The value of a field; what stands for an object, of which its own fields are told, is its braces."""
    if name in found:
        return found[name]
    inside = f"{name}."
    return "{…}" if any(one.startswith(inside) for one in found) else None


def _grouped_tops(side: OneSide) -> Grouped:
    rows = _tops(side)
    rows = rows[side.flags[rows] & np.uint16(flags.STREAM) == 0]
    return Grouped(rows, side.rows.scopes[rows])


def _grouped_pieces(side: OneSide) -> Grouped:
    rows = _tops(side)
    rows = rows[side.flags[rows] & np.uint16(flags.STREAM) != 0]
    return Grouped(rows, side.rows.scopes[rows])


def _streams(facts: Facts) -> NDArray[np.int64]:
    """The scope of each stream that differs."""
    kinds = np.int64(len(facts.keys.kinds) or 1)
    codes = []
    for side in (facts.a, facts.b):
        rows = _tops(side)
        rows = rows[side.flags[rows] & np.uint16(flags.STREAM) != 0]
        codes.append(side.rows.scopes[rows] * kinds + side.rows.kinds[rows])
    return np.asarray(np.unique(np.concatenate(codes)) // kinds)


def _tops(side: OneSide) -> NDArray[np.int64]:
    return np.flatnonzero(side.tops == np.arange(len(side.tops)))


def _sizes(side: OneSide) -> NDArray[np.int64]:
    """For each top, how many events are without a counterpart under it, itself included."""
    return np.bincount(side.tops[side.tops >= 0], minlength=len(side.tops))


def _by_scope(facts: Facts) -> dict[int, list[Move]]:
    found: dict[int, list[Move]] = {}
    for move in facts.moves:
        found.setdefault(int(facts.a.rows.scopes[move.first]), []).append(move)
    return found
