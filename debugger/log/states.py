"""Where the snapshots are: rows in order, by component and session."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Collection
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from debugger.log.interner import ABSENT

_BITS: Final = 32  # of the number of a session
_MASK: Final = (1 << _BITS) - 1
_ROUNDS: Final = 8  # calls of `forget` in which every key has its turn


_GONE: Final = -1
_WIDTH: Final = 3


class _Sessions:
    """Those in which one component has snapshots, with the rows of the first and of the last of each."""

    def __init__(self) -> None:
        self.places: dict[int, int] = {}  # in order of their first
        self._table = array("q")  # session, first, last; in one, so that who reads meanwhile gets whole lines

    def note(self, session: int, first: int, last: int) -> None:
        """There are some more, from one row to another."""
        place = self.places.get(session)
        if place is None:
            self.places[session] = len(self._table) // _WIDTH
            self._table.extend((session, first, last))
        else:
            self._table[place * _WIDTH + 2] = last

    def drop(self, session: int) -> None:
        """It has none any more."""
        self._table[self.places.pop(session) * _WIDTH + 2] = _GONE
        if len(self._table) > _WIDTH * (2 * len(self.places) + 64):
            kept = self._lines()[list(self.places.values())]
            self._table = array("q", kept.tobytes())
            self.places = dict(zip(self.places, range(len(kept)), strict=True))

    def before(self, row: int, first: int) -> list[int]:
        """Of those that end at or before `row` the latest one, and all that go on behind it.

        Those that ended before row `first` are forgotten.
        """
        sessions, firsts, lasts = self._lines().T
        begun = (firsts <= row) & (lasts >= first)
        going = sessions[begun & (lasts > row)].tolist()
        ended = np.where(begun & (lasts <= row), lasts, _GONE)
        latest = int(ended.argmax())
        return [*going, int(sessions[latest])] if ended[latest] != _GONE else going

    def _lines(self) -> NDArray[np.int64]:
        return np.frombuffer(self._table.tobytes(), np.int64).reshape(-1, _WIDTH)


class StateIndex:
    """Rows with a whole snapshot, 4 bytes each; 8 in a log that goes on for ever (``wide``).

    Keys are interned numbers.
    """

    def __init__(self, state_read: int, *, wide: bool = False) -> None:
        self._state_read = state_read
        self._code: Final = "q" if wide else "I"
        self._kind: Final[type[np.integer[Any]]] = np.int64 if wide else np.uint32
        self._rows: dict[int, array[int]] = {}
        self._sessions: dict[int, _Sessions] = {}
        self._latest: dict[int, int] = {}  # of each component
        self._first = 0
        self._to_cut: list[int] = []

    def add(self, places: NDArray[np.int64], columns: dict[str, NDArray[Any]], start: int) -> None:
        """Note the new rows that hold a snapshot; `places` are those with a ``component_state``.

        A ``state_read`` holds only the keys that were read, so it is no snapshot.
        """
        places = places[columns["event_type"][places] != self._state_read]
        if not len(places):
            return
        keys = columns["component"][places].astype(np.int64) << _BITS | columns["session"][places]
        order = np.argsort(keys, kind="stable")
        keys, rows = keys[order], (places[order] + start).astype(self._kind)
        breaks = (np.flatnonzero(keys[1:] != keys[:-1]) + 1).tolist()
        for begin, end in zip([0, *breaks], [*breaks, len(keys)], strict=True):
            key, last = int(keys[begin]), int(rows[end - 1])
            self._known(key).frombytes(rows[begin:end].tobytes())
            self._sessions.setdefault(key >> _BITS, _Sessions()).note(key & _MASK, int(rows[begin]), last)
            self._latest[key >> _BITS] = max(self._latest.get(key >> _BITS, 0), last)

    def _known(self, key: int) -> array[int]:
        known = self._rows.get(key)
        if known is not None and known[-1] < self._first:  # it had none left
            self._drop(key)
            known = None
        if known is None:
            self._rows[key] = known = array(self._code)
        return known

    def _drop(self, key: int) -> None:
        component = key >> _BITS
        del self._rows[key]
        self._sessions[component].drop(key & _MASK)
        if not self._sessions[component].places:
            del self._sessions[component]
            del self._latest[component]

    def forget(self, first: int) -> None:
        """Rows below `first` are no longer there; an eighth of the keys is rid of them in each call."""
        self._first = first
        if not self._to_cut:
            self._to_cut = list(self._rows)
        many = len(self._rows) // _ROUNDS + 1
        for key in self._to_cut[-many:]:
            rows = self._rows[key]
            if rows[-1] >= first:
                del rows[: bisect_left(rows, first)]
            else:
                self._drop(key)
        del self._to_cut[-many:]

    def at(self, component: int, session: int, row: int, back: int = 0) -> int | None:
        """The last snapshot's row at or before `row`, or the one `back` snapshots before that."""
        rows = self._rows.get(component << _BITS | session)
        if rows is None:
            return None
        place = bisect_right(rows, row) - 1 - back
        return rows[place] if place >= 0 and rows[place] >= self._first else None

    def rows(self, component: int, session: int, row: int, count: int) -> list[int]:
        """At most `count` rows of snapshots, in order: the last up to `row`; negative: the next after it."""
        rows = self._rows.get(component << _BITS | session)
        if rows is None:
            return []
        place = bisect_right(rows, row if count > 0 else max(row, self._first - 1))
        found = rows[max(place - count, 0) : place] if count > 0 else rows[place : place - count]
        return found[bisect_left(found, self._first) :].tolist()

    def sessions(self, component: int) -> list[int]:
        """The sessions that have snapshots of a component, the sessionless one first."""
        sessions = self._sessions.get(component)
        known: Collection[int] = () if sessions is None else sessions.places
        if self._first:
            rows, first, key = self._rows, self._first, component << _BITS
            known = [one for one in known if rows[key | one][-1] >= first]
        return [ABSENT, *(one for one in known if one != ABSENT)] if ABSENT in known else list(known)

    def latest(self, component: int, row: int) -> int | None:
        """The session of the component's last snapshot at or before `row`, whatever session that is."""
        sessions = self._sessions.get(component)
        if sessions is None:
            return None
        near = sessions.before(row, self._first)
        found = {at: one for one in near if (at := self.at(component, one, row)) is not None}
        return found[max(found)] if found else None

    def components(self) -> list[int]:
        """The components that have snapshots, in order of their first."""
        return [one for one in self._sessions if self._latest[one] >= self._first]
