"""The rows of two logs in common numbers: what kind of event each is, and in which turn of which session."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from debugger.analysis.turns.keys import LOOSE, NOWHERE, TurnKeys
from debugger.log import EventLog

Int = NDArray[np.int64]

_KIND_COLUMNS: Final = ("event_type", "component", "message_type", "direction")
_NO_TURN: Final = 0
_LOOSE_TURN: Final = 1 << 32  # turn codes from here on count correlations that name no turn
_TURN_BITS: Final = 34
_MOST_CODES: Final = 1 << 62


class Kind(NamedTuple):
    """What an event is, apart from time, ids, task and payload."""

    event_type: str
    component: str
    message_type: str | None
    direction: str | None


class Scope(NamedTuple):
    """A turn of a session, as each log calls the session; the session is None outside of any.

    ``loose`` counts, from 1, correlations of the session that name no turn; 0 for numbered turns and none.
    """

    session: int
    session_a: str | None
    session_b: str | None
    number: int | None
    loose: int

    @property
    def in_turn(self) -> bool:
        """Whether it is a turn, and not what belongs to none."""
        return self.number is not None or self.loose > 0

    @property
    def name(self) -> str:
        """What to call it."""
        if self.number is not None:
            return f"turn {self.number}"
        return f"correlation {self.loose}" if self.loose else "outside of turns"


class Rows(NamedTuple):
    """A common number of kind and scope for each row of one log."""

    kinds: NDArray[np.int32]
    scopes: NDArray[np.int32]


class Keys(NamedTuple):
    """Both logs in common numbers. Scopes are numbered by session, then turn."""

    a: Rows
    b: Rows
    kinds: tuple[Kind, ...]
    scopes: tuple[Scope, ...]


def keys_of(a: EventLog, b: EventLog, rows_a: int, rows_b: int) -> Keys:
    """Number the first rows of both logs."""
    kind_a, kind_b, kinds = _kinds(a, b, rows_a, rows_b)
    scope_a, scope_b, scopes = _scopes(a, b, rows_a, rows_b)
    return Keys(Rows(kind_a, scope_a), Rows(kind_b, scope_b), kinds, scopes)


def _kinds(
    a: EventLog, b: EventLog, rows_a: int, rows_b: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], tuple[Kind, ...]]:
    codes = np.zeros(rows_a + rows_b, np.int64)
    below = 1
    for column in _KIND_COLUMNS:
        numbers = {name: number for number, name in enumerate(a.interner(column).names_from(0))}
        theirs = b.interner(column).names_from(0)
        table = np.array([numbers.setdefault(name, len(numbers)) for name in theirs], np.int64)
        if below * len(numbers) > _MOST_CODES:
            found, codes = np.unique(codes, return_inverse=True)
            below = len(found)
        codes *= len(numbers)
        codes[:rows_a] += a.column(column)[:rows_a]
        codes[rows_a:] += table[b.column(column)[:rows_b]]
        below *= len(numbers)
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    kinds = tuple(_kind(a, row) if row < rows_a else _kind(b, row - rows_a) for row in first.tolist())
    numbered = inverse.astype(np.int32)
    return numbered[:rows_a], numbered[rows_a:], kinds


def _kind(log: EventLog, row: int) -> Kind:
    event_type, component, message, direction = (
        log.interner(column).value(int(log.column(column)[row])) for column in _KIND_COLUMNS
    )
    return Kind(event_type or "", component or "", message, direction)


def _scopes(
    a: EventLog, b: EventLog, rows_a: int, rows_b: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], tuple[Scope, ...]]:
    names_a, names_b = a.interner("session").names_from(0), b.interner("session").names_from(0)
    theirs = _paired(names_a, names_b)
    sessions_a = a.column("session")[:rows_a].astype(np.int64)
    sessions_b = np.array(theirs, np.int64)[b.column("session")[:rows_b]]
    codes = np.concatenate((_codes(a, rows_a, sessions_a), _codes(b, rows_b, sessions_b)))
    found, inverse = np.unique(codes, return_inverse=True)
    ours = {common: number for number, common in enumerate(theirs)}
    scopes = []
    for code in found.tolist():
        session, turn = code >> _TURN_BITS, code & ((1 << _TURN_BITS) - 1)
        at_b = ours.get(session)
        scopes.append(
            Scope(
                session,
                names_a[session] if session < len(names_a) else None,
                names_b[at_b] if at_b is not None else None,
                None if turn == _NO_TURN or turn > _LOOSE_TURN else turn - 1 - (1 << 31),
                turn - _LOOSE_TURN if turn > _LOOSE_TURN else 0,
            )
        )
    numbered = inverse.astype(np.int32)
    return numbered[:rows_a], numbered[rows_a:], tuple(scopes)


def _paired(names_a: list[str | None], names_b: list[str | None]) -> list[int]:
    """For each session of b its common number: that of a's of the same name, else of the next free one."""
    known = {name: number for number, name in enumerate(names_a)}
    same = set(names_b)
    free = iter([number for number, name in enumerate(names_a) if name not in same])
    more = iter(range(len(names_a), len(names_a) + len(names_b)))
    paired = []
    for name in names_b:
        number = known.get(name)
        if number is None:
            number = next(free, None)
        paired.append(next(more) if number is None else number)
    return paired


def _codes(log: EventLog, rows: int, sessions: Int) -> Int:
    """Session and turn of each row as one number."""
    keys = TurnKeys(log).of(0, rows)
    turns = np.full(rows, _NO_TURN, np.int64)
    numbered = (keys != NOWHERE) & (keys < LOOSE)
    low = keys[numbered] & 0xFFFFFFFF
    turns[numbered] = np.where(low >> 31, low - (1 << 32), low) + (1 << 31) + 1
    loose = np.flatnonzero(keys >= LOOSE)
    if len(loose):
        turns[loose] = _LOOSE_TURN + _ordinals(sessions[loose], keys[loose])
    return (sessions << _TURN_BITS) | turns


def _ordinals(sessions: Int, correlations: Int) -> Int:
    """Which correlation of its session each is, from 1, in the order of their first event."""
    _, first, inverse = np.unique(
        np.stack((sessions, correlations)), axis=1, return_index=True, return_inverse=True
    )
    numbers = np.zeros(len(first), np.int64)
    counts: dict[int, int] = {}
    for group in np.argsort(first).tolist():
        session = int(sessions[first[group]])
        numbers[group] = counts[session] = counts.get(session, 0) + 1
    return numbers[inverse.reshape(-1)]


__all__ = ["Int", "Keys", "Kind", "Rows", "Scope", "keys_of"]
