"""Steps that went well, and whether anything orders them: patterns ask, who has the order answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

import numpy as np

from backend.events.vocabulary import HANDLED
from debugger.analysis.order import Order
from debugger.log import ABSENT, EventLog

_FAR: Final = 1 << 16
_GUARDS: Final = 16


class Doubt(NamedTuple):
    """Two rows, the earlier first, and what must not be so either for it to matter that nothing orders them.

    Something orders the earlier one and ``via`` (-1: there is none); or, where ``guarded`` ones do not count,
    a handler of the later one's mailbox ran in between that comes after the earlier one.
    """

    before: int
    after: int
    via: int = -1
    guarded: bool = False


class Doubts(Protocol):
    """Who answers, now or later: answers come in the order of doubts."""

    def ask(self, doubt: Doubt, unordered: Callable[[], None]) -> None:
        """Call ``unordered`` if that is what they are."""
        ...


class AtHand:
    """The order is at hand, so that a doubt is answered at once. Without an order nothing is known."""

    def __init__(self, log: EventLog, order: Order | None) -> None:
        self._log = log
        self._order = order

    def ask(self, doubt: Doubt, unordered: Callable[[], None]) -> None:
        """Call ``unordered`` if that is what they are."""
        if self.holds(doubt):
            unordered()

    def holds(self, doubt: Doubt) -> bool:
        """Whether nothing orders them, for sure."""
        before, after, via, guarded = doubt
        if via >= 0 and self._ordered(before, via) is not False:
            return False
        if guarded and self._is_guarded(before, after):
            return False
        return self._ordered(before, after) is False

    def _ordered(self, before: int, after: int) -> bool | None:
        """Whether something orders two rows; None where that cannot be told."""
        order = self._order
        if order is None or not order.first_row <= min(before, after) <= max(before, after) < order.looked_at:
            return None
        if before < after and order.ordered(before, after):
            return True
        tasks = self._log.column("task")
        if ABSENT in (tasks[before], tasks[after]):
            return None  # what else its task has done is not recorded, so neither is what that orders
        return None if order.overlaps_hole(before, after) is not None else False

    def _is_guarded(self, before: int, after: int) -> bool:
        """Whether a handler of the later one's mailbox ran in between, and comes after the earlier one."""
        log, order = self._log, self._order
        first = max(before, after - _FAR, log.first_row)
        handled = log.id_of("event_type", HANDLED)
        if order is None or first >= after or handled is None:
            return False
        same = log.column("event_type")[first:after] == handled
        for name in ("component", "session"):
            column = log.column(name)
            same &= column[first:after] == column[after]
        rows = (np.flatnonzero(same) + first).tolist()
        return any(self._ordered(before, row) for row in rows[-_GUARDS:])
