"""Several queries asked of the same rows: a line is read and decoded once for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from backend.wire.query.nodes import Field, Node, Text
from debugger.log.eventlog import EventLog
from debugger.log.query.lines import Batch, Reader
from debugger.log.query.plan import BATCH, Mask, Stretch, conditions_of, in_line, part_of, test_of

Places = NDArray[np.intp]
"""Rows of a piece, counted from its first, ascending."""


class Joint:
    """Queries made ready together, and fields that are asked for besides. One thread uses it at a time."""

    def __init__(self, nodes: Sequence[Node], fields: Sequence[Field]) -> None:
        conditions = [one for node in nodes for one in conditions_of(node)]
        asked = [one.field for one in conditions if not isinstance(one, Text) and in_line(one.field)]
        self.reader: Final = Reader([*asked, *fields])
        tests = {one: test_of(one, self.reader) for one in conditions}
        self.roots: Final = [part_of(node, tests, wanted=True) for node in nodes]

    def piece(self, log: EventLog, start: int, stop: int) -> Piece:
        """Rows `start` up to `stop`, to be asked about: no more than fit into memory with their lines."""
        return Piece(self, log, start, stop)


class Piece:
    """Some rows. What was read of them stays until it is dropped."""

    def __init__(self, joint: Joint, log: EventLog, start: int, stop: int) -> None:
        self._roots = joint.roots
        self._stretch = Stretch(log, start, stop)
        self._batch = Batch(log, np.arange(start, stop), joint.reader)

    def possible(self, number: int) -> Mask:
        """Rows that pass a query as far as columns tell: all that do, and some that may not."""
        return self._stretch.bounds(self._roots[number]).possible

    def passes(self, number: int, places: Places) -> Places:
        """Those of some possible rows that do pass."""
        root = self._roots[number]
        certain = self._stretch.bounds(root).certain[places]
        still = np.flatnonzero(~certain)
        if len(still):
            certain[still] = root.decide(self._stretch, self._batch, places[still])
        return places[certain]

    def read(self, places: Places) -> None:
        """Read and decode lines, many at a time; `passes` and `record` would do it one by one."""
        for first in range(0, len(places), BATCH):
            self._batch.records(places[first : first + BATCH].tolist())

    def record(self, place: int) -> Any:
        """The decoded line, as the reader's getters want it; None for one that is gone."""
        return self._batch.record(place)
