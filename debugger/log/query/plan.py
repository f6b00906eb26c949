"""A query made ready to be asked: columns first, then lines of the rows that are still open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from backend.wire.query.nodes import And, Condition, Field, Kind, Node, Not, Or, Text
from debugger.log.eventlog import EventLog
from debugger.log.query.columnar import ColumnTest, column_test
from debugger.log.query.lines import Batch, LineTest, Reader
from debugger.log.query.textsearch import Needle

Mask = NDArray[np.bool_]

_IN_LINES: Final = frozenset({Kind.TEXT, Kind.LIST, Kind.PAYLOAD, Kind.DURATION})
_STRETCH: Final = 1 << 18
"""Rows whose columns are looked at at once: their masks fit a cache."""
BATCH: Final = 4_096
"""Rows whose lines are held at once."""


class Bounds(NamedTuple):
    """What columns tell: the rows for which it certainly holds, and those for which it may."""

    certain: Mask
    possible: Mask


class Part(Protocol):
    """A condition, or several, made ready. What costs more is asked later; 0 is columns alone."""

    @property
    def cost(self) -> int:
        """0 for columns, 1 for text, 2 for fields of the line; of several the highest."""
        ...

    def bounds(self, stretch: Stretch) -> Bounds:
        """Of all rows of a stretch. The masks are not to be changed."""
        ...

    def decide(self, stretch: Stretch, batch: Batch, places: NDArray[np.intp]) -> Mask:
        """Of some rows, by their places in a batch, whether it holds."""
        ...


class Stretch:
    """Rows from `start` up to `stop`, and what columns said of them."""

    def __init__(self, log: EventLog, start: int, stop: int) -> None:
        self.log = log
        self.start = start
        self.stop = stop
        self._asked: dict[int, Mask] = {}
        self._bounds: dict[int, Bounds] = {}

    def ask(self, test: ColumnTest) -> Mask:
        """The mask of a test, made once."""
        mask = self._asked.get(id(test))
        if mask is None:
            mask = self._asked[id(test)] = test.mask(self.log, self.start, self.stop)
        return mask

    def bounds(self, part: Part) -> Bounds:
        """The bounds of a part, made once."""
        bounds = self._bounds.get(id(part))
        if bounds is None:
            bounds = self._bounds[id(part)] = part.bounds(self)
        return bounds

    def bounds_at(self, part: Part, rows: NDArray[np.intp]) -> Bounds:
        """The same for some rows, by their numbers in the log."""
        certain, possible = self.bounds(part)
        return Bounds(certain[rows - self.start], possible[rows - self.start])


class Plan:
    """A query made ready to be asked of any log. One thread uses it at a time."""

    def __init__(self, node: Node) -> None:
        conditions = list(conditions_of(node))
        fields = [one.field for one in conditions if not isinstance(one, Text) and in_line(one.field)]
        reader = Reader(fields) if fields else None
        tests = {one: test_of(one, reader) for one in conditions}
        self._root = part_of(node, tests, wanted=True)
        self._reader = reader

    @property
    def cheap(self) -> bool:
        """No line needs to be read."""
        return self._root.cost == 0

    def mask(self, log: EventLog, start: int, stop: int) -> Mask:
        """For each row from `start` up to `stop`, whether it holds."""
        mask = np.empty(stop - start, np.bool_)
        for first in range(start, stop, _STRETCH):
            last = min(first + _STRETCH, stop)
            mask[first - start : last - start] = self._mask(Stretch(log, first, last))
        return mask

    def _mask(self, stretch: Stretch) -> Mask:
        certain, possible = stretch.bounds(self._root)
        if self.cheap:
            return certain
        mask, still = certain.copy(), np.flatnonzero(possible & ~certain)
        for first in range(0, len(still), BATCH):
            places = still[first : first + BATCH]
            batch = Batch(stretch.log, places + stretch.start, self._reader)
            mask[places] = self._root.decide(stretch, batch, np.arange(len(places)))
        return mask


class _Column:
    """A condition that columns answer."""

    cost: Final = 0

    def __init__(self, test: ColumnTest, *, wanted: bool) -> None:
        self._test = test
        self._wanted = wanted

    def bounds(self, stretch: Stretch) -> Bounds:
        mask = stretch.ask(self._test)
        mask = mask if self._wanted else ~mask
        return Bounds(mask, mask)

    def decide(self, stretch: Stretch, batch: Batch, places: NDArray[np.intp]) -> Mask:
        return stretch.bounds_at(self, batch.rows[places]).certain


class _Line:
    """A condition on text, or on fields, of the line."""

    def __init__(self, test: LineTest | Needle, *, wanted: bool) -> None:
        self._test = test
        self._wanted = wanted
        self.cost = 1 if isinstance(test, Needle) else 2  # text is searched in many lines at once

    def bounds(self, stretch: Stretch) -> Bounds:
        rows = stretch.stop - stretch.start
        return Bounds(np.zeros(rows, np.bool_), np.ones(rows, np.bool_))

    def decide(self, stretch: Stretch, batch: Batch, places: NDArray[np.intp]) -> Mask:
        test = self._test
        if isinstance(test, Needle):
            mask = test.rows(stretch.log, batch.rows[places])
        else:
            mask = test.rows(batch, places)
        return mask if self._wanted else ~mask


class _Several:
    """All of some parts (``every``), or any: the cheapest first, the next only where it is still open."""

    def __init__(self, parts: list[Part], *, every: bool) -> None:
        self.parts = sorted(parts, key=lambda part: part.cost)
        self.every = every
        self.cost = self.parts[-1].cost

    def bounds(self, stretch: Stretch) -> Bounds:
        join = np.logical_and if self.every else np.logical_or
        certain, possible = stretch.bounds(self.parts[0])
        for part in self.parts[1:]:
            more = stretch.bounds(part)
            known = certain is possible and more.certain is more.possible
            certain = join(certain, more.certain)
            possible = certain if known else join(possible, more.possible)
        return Bounds(certain, possible)

    def decide(self, stretch: Stretch, batch: Batch, places: NDArray[np.intp]) -> Mask:
        certain, possible = stretch.bounds_at(self, batch.rows[places])
        holds = certain.copy()
        still = np.flatnonzero(possible & ~certain)
        for part in self.parts:
            if not len(still):
                break
            answers = part.decide(stretch, batch, places[still])
            if self.every:
                still = still[answers]
            else:
                holds[still[answers]] = True
                still = still[~answers]
        if self.every:
            holds[still] = True
        return holds


def in_line(field: Field) -> bool:
    """Whether a field is read from the line, not from columns."""
    return field.kind in _IN_LINES


def conditions_of(node: Node) -> Iterator[Condition]:
    """The conditions of a query, from left to right."""
    if isinstance(node, And | Or):
        for part in node.parts:
            yield from conditions_of(part)
    elif isinstance(node, Not):
        yield from conditions_of(node.part)
    else:
        yield node


def test_of(condition: Condition, reader: Reader | None) -> ColumnTest | LineTest | Needle:
    """What answers a condition."""
    if isinstance(condition, Text):
        return Needle(condition.text)
    if reader is not None and in_line(condition.field):
        return LineTest(condition, reader)
    return column_test(condition)


_Tests = dict[Condition, ColumnTest | LineTest | Needle]


def part_of(node: Node, tests: _Tests, *, wanted: bool) -> Part:
    """What decides a node (or, unless ``wanted``, its contrary). Ands within ands become one."""
    if isinstance(node, Not):
        return part_of(node.part, tests, wanted=not wanted)
    if not isinstance(node, And | Or):
        test = tests[node]
        if isinstance(test, LineTest | Needle):
            return _Line(test, wanted=wanted)
        return _Column(test, wanted=wanted)
    every = isinstance(node, And) == wanted  # not (a and b) is not a or not b
    parts: list[Part] = []
    for one in node.parts:
        part = part_of(one, tests, wanted=wanted)
        if isinstance(part, _Several) and part.every == every:
            parts += part.parts
        else:
            parts.append(part)
    return _Several(parts, every=every)
