"""What a comparison finds, as arrays: counterparts, moves, and what differs at each row."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from backend.events.vocabulary import (
    ITEM_GOT,
    ITEM_PUT,
    RECEIVED,
    STATE_READ,
    SUBSCRIBED,
    TASK_CANCEL_REQUESTED,
    TASK_FINISHED,
    TASK_JOINED,
    TASK_SPAWNED,
    UNSUBSCRIBED,
)
from debugger.analysis.diff import flags
from debugger.analysis.diff.forest import ROOT, Forest, forest_of, has_causes, tops_of, under
from debugger.analysis.diff.keys import Keys, Rows, keys_of
from debugger.analysis.diff.lines import lines_of
from debugger.analysis.diff.match import NOBODY, Side, match
from debugger.analysis.diff.meaning import Marks
from debugger.analysis.diff.order import Compared, Move, Programs, orders
from debugger.log import ABSENT, EventLog

QUIET: Final = frozenset(
    {
        TASK_SPAWNED,
        TASK_FINISHED,
        TASK_JOINED,
        TASK_CANCEL_REQUESTED,
        ITEM_PUT,
        ITEM_GOT,
        STATE_READ,
        SUBSCRIBED,
        UNSUBSCRIBED,
    }
)
"""Events of the machinery, whose order within a component tells little: it is the scheduler's."""

Int = NDArray[np.int64]
Step = Callable[[float], None]

STREAM: Final = 3
"""What comes so often in a turn, on both sides, is a stream: its pieces are counted, not listed."""

_READ, _MATCH = 0.5, 0.35  # shares of the work, about


class OneSide(NamedTuple):
    """One recording. ``mates`` are rows of the other, ``flags`` those of `debugger.analysis.diff.flags`.

    ``tops`` has for each row without a counterpart the topmost event that led to it and has none either.
    """

    log: EventLog
    rows: Rows
    forest: Forest
    mates: Int
    flags: NDArray[np.uint16]
    tops: Int
    unreadable: int


class Facts(NamedTuple):
    """Both recordings. ``moves`` are in rows of a; ``move_of`` says in which each of these is, or -1."""

    a: OneSide
    b: OneSide
    keys: Keys
    causal: bool
    moves: list[Move]
    move_of: Int
    swapped: bool


def facts_of(log_a: EventLog, log_b: EventLog, step: Step) -> Facts:
    """Compare what both logs hold now. ``step`` hears the share that is done, and may raise to end it."""
    # Where two answers are as good, the same is taken whichever recording comes first.
    swapped = _fingerprint(log_b) < _fingerprint(log_a)
    facts = _facts(log_b, log_a, step) if swapped else _facts(log_a, log_b, step)
    return _turned(facts) if swapped else facts


def _facts(log_a: EventLog, log_b: EventLog, step: Step) -> Facts:
    count_a, count_b = len(log_a), len(log_b)
    keys = keys_of(log_a, log_b, count_a, count_b)
    causal = has_causes(log_a, count_a) and has_causes(log_b, count_b)
    kinds = len(keys.kinds)
    forest_a = forest_of(log_a, keys.a, kinds, causal=causal)
    forest_b = forest_of(log_b, keys.b, kinds, causal=causal)
    marks = Marks()
    step(0.05)
    marks_a, unreadable_a = _marks(marks, log_a, count_a, lambda share: step(0.05 + _READ / 2 * share))
    marks_b, unreadable_b = _marks(marks, log_b, count_b, lambda share: step(0.05 + _READ / 2 * (1 + share)))
    found = match(
        Side(keys.a, forest_a, marks_a[:, 1]),
        Side(keys.b, forest_b, marks_b[:, 1]),
        len(keys.scopes),
        lambda share: step(0.05 + _READ + _MATCH * share),
    )
    matched = np.flatnonzero(found.a != NOBODY)
    mates = found.a[matched]
    sessions = np.array([scope.session for scope in keys.scopes], np.int64)[keys.a.scopes[matched]]
    components = log_a.column("component")[matched].astype(np.int64)
    quiet = np.array([kind.event_type in QUIET for kind in keys.kinds], np.bool_)[keys.a.kinds[matched]]
    causes = log_a.column("cause_row")[:count_a].astype(np.int64)
    recaused = np.zeros(count_a, np.bool_)
    if causal:
        recaused[matched[_other_causes(forest_a, forest_b, found.a, matched, mates)]] = True
    elsewhere = under(forest_a.parents, recaused)
    order = orders(
        Compared(matched, mates, sessions, components, quiet),
        Programs(log_a.column("task"), log_b.column("task"), causes, found.a, elsewhere),
        count_a,
    )
    step(0.95)
    flags_a, flags_b = np.zeros(count_a, np.uint16), np.zeros(count_b, np.uint16)
    flags_a[order.moved] |= flags.MOVED
    flags_a[order.crossed] |= flags.CROSSED
    flags_a[_of_other_kinds(forest_a, forest_b, keys, np.flatnonzero(recaused), found.a)] |= flags.CAUSE
    other = log_a.column("severity")[matched] != log_b.column("severity")[mates]
    flags_a[matched[other]] |= flags.SEVERITY
    _flag_values(flags_a, matched, sessions, components, marks_a[matched], marks_b[mates])
    _clear_carried(flags_a, log_a, matched)
    flags_b[mates] = flags_a[matched]
    alone_a, alone_b = found.a == NOBODY, found.b == NOBODY
    flags_a[alone_a] |= flags.MISSING
    flags_b[alone_b] |= flags.EXTRA
    tops_a, tops_b = tops_of(forest_a.parents, alone_a), tops_of(forest_b.parents, alone_b)
    pieces_a, pieces_b = _pieces(keys, tops_a, tops_b)
    flags_a[pieces_a] |= flags.STREAM
    flags_b[pieces_b] |= flags.STREAM
    step(1.0)
    return Facts(
        OneSide(log_a, keys.a, forest_a, found.a, flags_a, tops_a, unreadable_a),
        OneSide(log_b, keys.b, forest_b, found.b, flags_b, tops_b, unreadable_b),
        keys,
        causal,
        order.moves,
        order.of,
        swapped=False,
    )


def _turned(facts: Facts) -> Facts:
    """The same from the other side."""
    a, b, keys = facts.a, facts.b, facts.keys
    scopes = tuple(one._replace(session_a=one.session_b, session_b=one.session_a) for one in keys.scopes)
    mates = facts.a.mates
    moves = [
        move._replace(one=int(mates[move.other]), other=int(mates[move.one]), first=int(mates[move.first]))
        for move in facts.moves
    ]
    move_of = np.full(len(b.mates), -1)
    matched = b.mates != NOBODY
    move_of[matched] = facts.move_of[b.mates[matched]]
    return Facts(
        b._replace(flags=flags.turned(b.flags)),
        a._replace(flags=flags.turned(a.flags)),
        Keys(keys.b, keys.a, keys.kinds, scopes),
        facts.causal,
        moves,
        move_of,
        swapped=True,
    )


def _fingerprint(log: EventLog) -> tuple[int, bytes]:
    """Which of two logs is the first one, however they are called."""
    count = len(log)
    digest = hashlib.blake2b(digest_size=16)
    for column in ("component", "event_type", "message_type", "session"):
        digest.update(
            "\0".join(name or "" for name in log.interner(column).names_from(0)).encode("utf-8", "replace")
        )
    for column in ("component", "event_type", "message_type", "session", "turn", "cause_row"):
        digest.update(np.ascontiguousarray(log.column(column)[:count].astype(np.int32)).data)
    return count, digest.digest()


def _other_causes(a: Forest, b: Forest, mates: Int, rows: Int, others: Int) -> NDArray[np.bool_]:
    """Which matched pairs are not caused by a matched pair."""
    above_a, above_b = a.parents[rows], b.parents[others]
    roots = (above_a == ROOT) & (above_b == ROOT)
    same = np.where(roots, a.labels[rows] == b.labels[others], mates[above_a] == above_b)
    same &= roots | ((above_a != ROOT) & (above_b != ROOT))
    return np.asarray(~same & ~a.unknown[rows] & ~b.unknown[others])


def _of_other_kinds(a: Forest, b: Forest, keys: Keys, rows: Int, mates: Int) -> Int:
    """Those of some rows of a that another kind of event caused than their mates."""
    above_a, above_b = a.parents[rows], b.parents[mates[rows]]
    roots = (above_a == ROOT) & (above_b == ROOT)  # their labels tell what caused them outside of their turn
    inside = (above_a != ROOT) & (above_b != ROOT)
    return np.asarray(rows[roots | ~inside | (keys.a.kinds[above_a] != keys.b.kinds[above_b])])


def _marks(marks: Marks, log: EventLog, count: int, step: Step) -> tuple[Int, int]:
    """The hashes of each row, and how many lines could not be read."""
    found = np.zeros((count, len(flags.UNREAD)), np.int64)
    unreadable = done = 0
    for rows, lines in lines_of(log, np.arange(count)):
        hashes = []
        for line in lines:
            try:
                hashes.append(marks.of(line))
            except ValueError:
                unreadable += 1
                hashes.append(flags.UNREAD)
        found[rows] = hashes
        done += len(lines)
        step(done / count)
    return found, unreadable


def _flag_values(
    flags_a: NDArray[np.uint16], rows: Int, sessions: Int, components: Int, ours: Int, theirs: Int
) -> None:
    """Flag where a payload differs, and where a difference of a component's state begins or changes."""
    read = (ours[:, 0] != flags.UNREAD[0]) & (theirs[:, 0] != flags.UNREAD[0])
    flags_a[rows[read & (ours[:, 0] != theirs[:, 0])]] |= flags.PAYLOAD
    order = np.lexsort((rows, components, sessions))
    begins = np.append(True, (np.diff(components[order]) != 0) | (np.diff(sessions[order]) != 0))[: len(rows)]
    for column, flag in ((2, flags.STATE), (3, flags.NUMBERS)):
        mine, yours = ours[order, column], theirs[order, column]
        same = mine == yours
        news = np.append(True, (np.diff(mine) != 0) | (np.diff(yours) != 0))[: len(rows)] | begins
        flags_a[rows[order[~same & news & read[order]]]] |= flag


def _clear_carried(flags_a: NDArray[np.uint16], log: EventLog, rows: Int) -> None:
    """What a message carries differs where it is sent; whoever gets it gets what was sent."""
    got = rows[log.column("event_type")[rows] == (log.id_of("event_type", RECEIVED) or ABSENT)]
    causes = log.column("cause_row")[got].astype(np.int64)
    carried = (causes >= 0) & (flags_a[causes] & flags.PAYLOAD != 0)
    flags_a[got[carried]] &= ~np.uint16(flags.PAYLOAD)


def _pieces(keys: Keys, tops_a: Int, tops_b: Int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which rows without a counterpart are pieces of a stream: they, and all under their tops, come often."""
    kinds = np.int64(len(keys.kinds))
    codes_a = keys.a.scopes * kinds + keys.a.kinds
    codes_b = keys.b.scopes * kinds + keys.b.kinds
    found_a, counts_a = np.unique(codes_a, return_counts=True)
    found_b, counts_b = np.unique(codes_b, return_counts=True)
    often = np.intersect1d(found_a[counts_a >= STREAM], found_b[counts_b >= STREAM], assume_unique=True)
    return _all_often(codes_a, tops_a, often), _all_often(codes_b, tops_b, often)


def _all_often(codes: Int, tops: Int, often: Int) -> NDArray[np.bool_]:
    alone = np.flatnonzero(tops >= 0)
    rare = alone[~np.isin(codes[alone], often)]
    rare_tops = np.zeros(len(codes), np.bool_)
    rare_tops[tops[rare]] = True
    found = np.zeros(len(codes), np.bool_)
    found[alone] = ~rare_tops[tops[alone]]
    return found
