"""What a mailbox has handled, and which of it comes before a message that was published later."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from debugger.analysis.order.chains import Chains
from debugger.analysis.order.clocks import BLOCK, IN_BLOCK, NEVER, PLACE, UNKNOWN, Clock

Rest = tuple[int, ...] | None
"""Chains that published messages of which some may have been handled without any order; None: too many."""

_RECENT: Final = 4  # activations that are looked at one by one
_LOOSE: Final = 32  # activations of unknown publishes
_FEW: Final = 8  # lines that are looked at one by one
_MOST_REST: Final = 16
_FIRST: Final = 16
_BLANK: Final = (-1, NEVER, NEVER, -1, NEVER)
_MANY: Final = 32  # lines from which on those that are no longer asked for are looked for


class Activation(NamedTuple):
    """A handler that ended. Who knows the event `key` of a chain comes after it.

    All handlers of its mailbox before it come before it, but for those that the chains in ``rest`` published
    to, which may not; None: any may not. ``run`` and ``end`` are its last, in ``end_chain``. It is
    ``loose`` if its publish is unknown: then its key is its start.
    """

    chain: int
    key: int
    run: int
    end: int
    end_chain: int
    rest: Rest
    loose: bool


class Knows(Protocol):
    """What a publish knows of the chains."""

    chain: int
    clock: Clock
    row: int
    chain_at: list[int]

    def upto(self, chain: int) -> int | None:
        """The last row of a chain that comes before; None if no clock tells."""

    def has(self, activation: Activation) -> bool:
        """Whether the key of an activation comes before."""


class _Line:
    """Activations whose messages one chain published, in the order of publication.

    Each comes before the next one, so of several that a message follows the last one says it all.
    """

    __slots__ = ("activations", "keys")

    def __init__(self) -> None:
        self.keys: list[int] = []
        self.activations: list[Activation] = []

    def halve(self) -> None:
        gone = len(self.keys) - len(self.keys) // 2
        del self.keys[:gone], self.activations[:gone]

    def upto(self, key: int) -> list[Activation]:
        """The last one up to a key; several only if one message came several times."""
        keys = self.keys
        stop = len(keys) if key >= keys[-1] else bisect_right(keys, key)
        start = stop - 1 if stop else 0
        while start and keys[start - 1] == keys[start]:
            start -= 1
        return self.activations[start:stop]

    def found(self, knows: Knows) -> list[Activation]:
        """The last one that comes before a message, where no clock tells."""
        count = bisect_left(self.activations, True, key=lambda one: not knows.has(one))
        return self.upto(self.keys[count - 1]) if count else []

    def forget(self, run: int) -> None:
        self.activations = [one for one in self.activations if one.run >= run]
        self.keys = [one.key for one in self.activations]


class Handled:
    """The activations of one ordered mailbox.

    Looked at are the last ones, until one is found that comes before; and, of the chains that published what
    that one may not follow, one each. If none is found, one each of all chains that published to the mailbox.
    At most `most` of a chain are kept, of at most `most_lines` chains. Those that are ``loose`` are in no
    rest: they are looked at by themselves.
    """

    def __init__(self, most: int, most_lines: int) -> None:
        self._most = most
        self._most_lines = most_lines
        self.last: Activation | None = None
        self._recent: deque[Activation] = deque(maxlen=_RECENT)  # the last one first
        self._lines: dict[int, _Line] = {}  # the one that was used last is the last
        self._prune_at = _MANY
        self._table: _Table | None = None  # not before there are many
        self._changed: set[int] = set()  # lines that the table does not have as they are
        self.loose: Final[deque[Activation]] = deque(maxlen=_LOOSE)

    def add(self, activation: Activation, chains: Chains, stale: int) -> bool:
        """One more that ended; False if it was not handled in the order of publication.

        Where there are many chains, retired ones that published last before `stale` are lost.
        """
        chain, key, loose = activation[0], activation[1], activation[6]
        if loose:
            self.loose.append(activation)
        else:
            line = self._lines.get(chain)
            if line is None:
                if len(self._lines) >= self._most_lines:
                    self._lose(next(iter(self._lines)))
                if len(self._lines) >= self._prune_at:
                    self._prune(chains, stale)
                line = self._lines[chain] = _Line()
            elif line.keys[-1] > key:
                return False
            elif self.last is None or self.last[0] != chain:
                self._lines[chain] = self._lines.pop(chain)
            line.keys.append(key)
            line.activations.append(activation)
            if len(line.keys) > self._most:
                line.halve()
            if self._table is not None:
                self._changed.add(chain)
        self.last = activation
        self._recent.appendleft(activation)
        return True

    def disproves(self, chain: int, key: int, *, loose: bool) -> bool:
        """Whether an activation, if it ended now, would not be in the order of publication."""
        line = None if loose else self._lines.get(chain)
        return line is not None and line.keys[-1] > key

    def _prune(self, chains: Chains, stale: int) -> None:
        for chain, line in list(self._lines.items()):
            if line.activations[-1].end < stale and not chains.is_current(chain):
                self._lose(chain)
        self._prune_at = max(2 * len(self._lines), _MANY)

    def before(self, knows: Knows, chains: Chains, stale: int) -> tuple[list[Activation], Rest]:
        """Activations that come before a message, as few as say it all; and what may not, as chains.

        Chains that were retired, and published to the mailbox last before `stale`, are no longer asked for.
        """
        found = [activation for activation in self.loose if knows.has(activation)] if self.loose else []
        rest: list[int] = []
        own, row, clock, chain_at = knows.chain, knows.row, knows.clock, knows.chain_at
        for activation in self._recent:
            chain, key, _, _, _, their_rest, loose = activation
            if loose:
                continue
            if chain == own:
                known = key < row
            elif chain_at[chain & PLACE] == chain:
                rows, at = clock.get((chain & PLACE) >> BLOCK), chain & IN_BLOCK
                known = rows is not None and at < len(rows) and rows.item(at) >= key
            else:
                known = knows.has(activation)
            if known:
                found.append(activation)
                if their_rest is None:
                    break
                return found, self._of_lines(their_rest, rest, found, knows, stale)
            rest.append(chain)
        if len(self._lines) <= _FEW:
            return found, self._of_lines(list(self._lines), rest, found, knows, stale)
        self._of_lines(self._known(knows, chains), [], found, knows, stale)
        return found, None

    def _of_lines(
        self, asked: Iterable[int], rest: list[int], found: list[Activation], knows: Knows, stale: int
    ) -> Rest:
        """Look at some lines. ``found`` gets what comes before, ``rest`` the lines of which not all does."""
        own, clock, chain_at = knows.chain, knows.clock, knows.chain_at
        for chain in asked:
            line = self._lines.get(chain)
            if line is None:
                continue
            keys = line.keys
            if chain == own:
                upto: int | None = knows.row - 1
            elif chain_at[chain & PLACE] == chain:
                rows, at = clock.get((chain & PLACE) >> BLOCK), chain & IN_BLOCK
                upto = rows.item(at) if rows is not None and at < len(rows) else UNKNOWN
            else:
                upto = knows.upto(chain)
            if upto is not None:
                if upto < keys[0]:
                    if chain not in rest:
                        rest.append(chain)
                    continue
                known = line.upto(upto)
            elif line.activations[-1].end < stale:
                self._lose(chain)
                continue
            else:
                known = line.found(knows)
            found += known
            if (not known or known[-1] is not line.activations[-1]) and chain not in rest:
                rest.append(chain)
        return tuple(rest) if len(rest) <= _MOST_REST else None

    def _known(self, knows: Knows, chains: Chains) -> list[int]:
        if self._table is None:
            self._table = _Table()
            self._changed.update(self._lines)
        for chain in self._changed:
            self._table.put(self._lines[chain])
        self._changed.clear()
        return self._table.known(knows, chains)

    def _lose(self, chain: int) -> None:
        del self._lines[chain]
        self._changed.discard(chain)
        if self._table is not None:
            self._table.drop(chain)

    def clear(self) -> None:
        """Forget all of them."""
        self.last = None
        self._changed.clear()
        self._recent.clear()
        self._lines.clear()
        self.loose.clear()
        self._table = None

    def forget(self, run: int) -> None:
        """Forget activations that ended before a run."""
        for chain, line in list(self._lines.items()):
            line.forget(run)
            if line.keys:
                self._changed.add(chain)
            else:
                self._lose(chain)
        for some in (self._recent, self.loose):
            kept = [one for one in some if one.run >= run]
            some.clear()
            some.extend(kept)
        if self.last is not None and self.last.run < run:
            self.last = None


class _Table:
    """The lines of a mailbox as columns: where many chains publish, most are ruled out at once."""

    __slots__ = ("_at", "_columns", "_free")

    def __init__(self) -> None:
        self._at: dict[int, int] = {}  # by chain
        self._columns = _blank(_FIRST)
        self._free = list(range(_FIRST))

    def put(self, line: _Line) -> None:
        """Enter a line, or what it has more."""
        last = line.activations[-1]
        at = self._at.get(last.chain)
        if at is None:
            if not self._free:
                size = self._columns.shape[1]
                self._free = list(range(size, 2 * size))
                self._columns = np.concatenate((self._columns, _blank(size)), axis=1)
            at = self._at[last.chain] = self._free.pop()
        self._columns[:, at] = (last.chain, line.keys[0], last.key, last.end_chain, last.end)

    def drop(self, chain: int) -> None:
        """A line is no longer there."""
        at = self._at.pop(chain, None)
        if at is not None:
            self._columns[:, at] = _BLANK
            self._free.append(at)

    def known(self, knows: Knows, chains: Chains) -> list[int]:
        """Chains of which a message may know something that it would not know without their line."""
        chain, first, last, end_chain, end = self._columns
        upto = chains.known_of(chain, knows.clock)
        known = upto >= first
        if np.count_nonzero(known) > _FEW:
            # Who knows that the last one has ended knows all of them without being told.
            known &= ~((upto >= last) & (chains.known_of(end_chain, knows.clock) >= end))
        known |= ~chains.are_current(chain) & (chain >= 0)
        asked: list[int] = chain[known].tolist()
        if knows.chain in self._at and knows.chain not in asked:
            asked.append(knows.chain)
        return asked


def _blank(size: int) -> NDArray[np.int64]:
    return np.repeat(np.array(_BLANK, np.int64)[:, None], size, axis=1)
