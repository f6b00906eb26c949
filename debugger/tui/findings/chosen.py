"""The finding that is looked at, and where findings are: what timeline and scrubber draw of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from debugger.analysis.findings import Finding
from debugger.analysis.ranking import pair_of
from debugger.analysis.told import Story


class Chosen(NamedTuple):
    """A finding, the rows of its two events (-1: there is none), and the ends of the edge that is missing."""

    finding: Finding
    first: int
    second: int
    missing: tuple[int, ...] = ()

    @property
    def bad(self) -> bool:
        """Whether it is an error, rather than a warning."""
        return self.finding.severity == "error"


def chosen_of(finding: Finding, story: Story | None) -> Chosen:
    """With what is known of its story so far."""
    first, second = pair_of(finding)
    return Chosen(finding, first, second, () if story is None else story.missing_rows)


class Markers(NamedTuple):
    """Rows of findings, ascending; ``bad`` are those of what went wrong, the others could."""

    rows: NDArray[np.int64]
    bad: NDArray[np.bool_]


NO_MARKERS = Markers(np.empty(0, np.int64), np.empty(0, np.bool_))


def markers_of(findings: Sequence[Finding]) -> Markers:
    """Of errors and warnings that nobody accepted: a note would hide them, of which there are many."""
    worst: dict[int, bool] = {}
    for one in findings:
        drawn = one.verdict in ("violation", "predicted") and one.severity != "info" and not one.suppressed
        if one.row >= 0 and drawn:
            worst[one.row] = one.verdict == "violation" or worst.get(one.row, False)
    rows = sorted(worst)
    return Markers(np.array(rows, np.int64), np.array([worst[row] for row in rows], np.bool_))
