"""What an event is to the order: a small code for each of its types."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from backend.events import vocabulary as words
from debugger.analysis.order.rules import BY_ITEM, BY_PUBLISH, BY_SIGNAL, BY_SPAWN
from debugger.log import EventLog

(
    OTHER,
    PUBLISHED,
    RECEIVED,
    HANDLED,
    SPAWNED,
    FINISHED,
    JOINED,
    CANCEL,
    ACQUIRED,
    PUT,
    GOT,
    SUBSCRIBED,
    UNSUBSCRIBED,
    LOST,
) = range(14)

_CODES: Final = {
    words.PUBLISHED: PUBLISHED,
    words.RECEIVED: RECEIVED,
    words.HANDLED: HANDLED,
    words.TASK_SPAWNED: SPAWNED,
    words.TASK_FINISHED: FINISHED,
    words.TASK_JOINED: JOINED,
    words.TASK_CANCEL_REQUESTED: CANCEL,
    words.LOCK_ACQUIRED: ACQUIRED,
    words.ITEM_PUT: PUT,
    words.ITEM_GOT: GOT,
    words.SUBSCRIBED: SUBSCRIBED,
    words.UNSUBSCRIBED: UNSUBSCRIBED,
}


def _among(*codes: int) -> NDArray[np.bool_]:
    return np.isin(np.arange(LOST + 1), codes)


RESUMES: Final = _among(RECEIVED, JOINED, ACQUIRED, GOT)
"""Kinds at which a task goes on that was waiting, or would have waited had things gone otherwise."""

TELLING: Final = _among(SPAWNED, JOINED, CANCEL, SUBSCRIBED)
"""Kinds whose payload is read; of `UNSUBSCRIBED` only where the event itself names no message."""

LOOKED_AT: Final = _among(CANCEL, SUBSCRIBED, UNSUBSCRIBED)
"""Kinds that matter also where no segment begins."""

ENDS: Final = _among(HANDLED, FINISHED)
"""Kinds at which a task ends, or a handler in it."""


BY_KINDS: Final[NDArray[np.uint8]] = np.full((LOST + 1, LOST + 1), BY_SIGNAL, np.uint8)
"""By the kinds of a cause and of what it caused: which rule that is."""
BY_KINDS[PUBLISHED, RECEIVED] = BY_PUBLISH
BY_KINDS[SPAWNED, :] = BY_SPAWN
BY_KINDS[PUT, GOT] = BY_ITEM
_RULES: Final[list[list[int]]] = BY_KINDS.tolist()


class Kinds:
    """Codes of the rows of a log."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._codes: NDArray[np.uint8] = np.zeros(0, np.uint8)
        self._known: list[int] = []
        self._types = log.column("event_type")

    def of(self, start: int, stop: int) -> NDArray[np.uint8]:
        """The codes of a stretch of rows."""
        return self._codes_of(slice(start, stop))

    def at(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The codes of some rows."""
        return self._codes_of(rows)

    def rule(self, cause: int, row: int) -> int:
        """Which rule it is that a row names another one as its cause; both were asked for before."""
        types = self._types
        if row >= len(types):
            types = self._types = self._log.column("event_type")
        before, after = self._known[types.item(cause)], self._known[types.item(row)]
        rule: int = _RULES[before][after]
        return rule

    def _codes_of(self, rows: slice | NDArray[np.int64]) -> NDArray[np.uint8]:
        log = self._log
        types = log.column("event_type")[rows]
        names = log.interner("event_type")
        known = len(self._codes)
        if known < len(names):
            more = [_CODES.get(names.name(number), OTHER) for number in range(known, len(names))]
            self._codes = np.concatenate((self._codes, np.array(more, np.uint8)))
            self._known += more
        codes: NDArray[np.uint8] = self._codes[types]
        gap = log.id_of("message_type", words.GAP)
        if gap is not None:
            system = log.id_of("event_type", words.SYSTEM)
            messages: NDArray[Any] = log.column("message_type")[rows]
            codes[(types == system) & (messages == gap)] = LOST
        return codes
