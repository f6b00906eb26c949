"""One field of a state: when it last changed, and all its changes; looked for while the pane is shown."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

from debugger.log import Change, EventLog, FieldSearch, Path

Field = tuple[str, str | None, Path]
"""Component, session, path."""

Clock = Callable[[], int]

PAGE: Final = 500
"""Changes that a history looks for at a time, each way."""

_KNOWN: Final = 512


class _Known(NamedTuple):
    """The last change at any snapshot from ``low`` to ``high``."""

    change: Change | None
    low: int
    high: int


class LastChange:
    """Answers for one field at a time; what is known of the others is remembered.

    `ask`, then `advance` until it is not `searching`: ``change`` is the answer.
    """

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._known: OrderedDict[Field, _Known] = OrderedDict()
        self._asked: tuple[Field | None, int] = (None, -1)
        self._search: FieldSearch | None = None
        self.change: Change | None = None

    @property
    def searching(self) -> bool:
        """Whether the answer is still to come."""
        return self._search is not None

    @property
    def progress(self) -> float:
        """How far the search is, 0 to 1."""
        return self._search.progress if self._search is not None else 1.0

    def ask(self, field: Field | None, row: int) -> None:
        """When did `field` last change, seen from the snapshot in `row`? None: about nothing."""
        if self._asked == (field, row):
            return
        self._asked = (field, row)
        self._search = self.change = None
        if field is None:
            return
        known = self._known.get(field)
        if known is not None and known.low <= row <= known.high:
            self.change = known.change
            return
        floor = known.high if known is not None and row > known.high else -1
        self._search = FieldSearch(self._log, *field, row, floor=floor)

    def advance(self, clock: Clock, budget_ns: int) -> bool:
        """Look for about ``budget_ns``; whether there is an answer."""
        search, (field, row) = self._search, self._asked
        if search is None or field is None:
            return True
        if not search.advance(clock, budget_ns):
            return False
        known = self._known.pop(field, None)
        if search.at_floor and known is not None:
            known = known._replace(high=row)
        else:
            found = search.changes[0] if search.changes else None
            known = _Known(found, found.row if found is not None else 0, row)
        self._known[field] = known
        if len(self._known) > _KNOWN:
            self._known.popitem(last=False)
        self.change, self._search = known.change, None
        return True


class FieldHistory:
    """The changes of a field around a row, newest first, as far as they are found."""

    def __init__(self, log: EventLog, field: Field, row: int) -> None:
        self.field = field
        self._log = log
        self._until = FieldSearch(log, *field, row, limit=PAGE)
        self._after = FieldSearch(log, *field, row, forwards=True, limit=PAGE)
        self._rows = len(log)

    @property
    def changes(self) -> list[Change]:
        """What was found so far."""
        return [*reversed(self._after.changes), *self._until.changes]

    @property
    def newer(self) -> int:
        """How many of them are after the row that it began at."""
        return len(self._after.changes)

    @property
    def more_after(self) -> bool:
        """There may be newer ones than the first."""
        return self._after.full

    @property
    def more_before(self) -> bool:
        """There may be older ones than the last."""
        return self._until.full

    @property
    def searching(self) -> bool:
        """Whether `advance` has something to do."""
        return not (self._until.done and self._after.done)

    @property
    def progress(self) -> float:
        """How far it is, 0 to 1."""
        return (self._until.progress + self._after.progress) / 2

    def grow(self) -> None:
        """Look at what came in since."""
        if len(self._log) > self._rows:
            self._rows = len(self._log)
            if self._after.done:
                self._after.more()

    def extend(self, *, newer: bool) -> None:
        """Look for older ones, or newer, where there may be more."""
        search = self._after if newer else self._until
        if search.full:
            search.more(PAGE)

    def advance(self, clock: Clock, budget_ns: int) -> bool:
        """Look for about ``budget_ns``, up to the row first; whether it is done."""
        search = self._after if self._until.done else self._until
        search.advance(clock, budget_ns)
        return not self.searching

    def at(self, row: int) -> int:
        """The place in `changes` of the one that was in force at `row`; -1 if none was yet."""
        return next((place for place, one in enumerate(self.changes) if one.row <= row), -1)


def numbers(changes: list[Change]) -> list[float | None]:
    """The values after each change, oldest first; None where it is no finite number."""
    return [_number(change.new) for change in reversed(changes)]


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def sampled(values: list[float | None], width: int) -> list[tuple[float | None, int, int]]:
    """At most `width` values, each with the range of places it stands for.

    Of several values the one that differs most from the one before is shown: a peak is never lost.
    """
    shown: list[tuple[float | None, int, int]] = []
    count = min(len(values), max(width, 0))
    last: float | None = None
    for place in range(count):
        start, stop = place * len(values) // count, (place + 1) * len(values) // count
        some = [value for value in values[start:stop] if value is not None]
        if some and last is None:
            last = some[0]
        value = max(some, key=lambda one: abs(one - (last or 0.0))) if some else None
        shown.append((value, start, stop))
        last = value if value is not None else last
    return shown
