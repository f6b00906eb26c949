"""Latency over many turns: percentiles, histogram, sparkline."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from debugger.analysis.turns.records import (
    MILESTONES,
    STATUSES,
    Histogram,
    LatencySummary,
    Spread,
    Turn,
)

_OK: Final = STATUSES.index("ok")
_COLUMN: Final = {name: number for number, name in enumerate(MILESTONES)}


def percentile(ordered: Sequence[int], percent: int) -> int:
    """By nearest rank, of ascending values, of which there is one at least."""
    return ordered[_place(len(ordered), percent)]


def _place(count: int, percent: int) -> int:
    return max(-(-percent * count // 100), 1) - 1


def spread(values: NDArray[np.int64], *, keep: bool = True) -> Spread:
    """How durations are spread; they stay in their order, or are not kept."""
    if not len(values):
        return Spread(0, None, None, None, None)
    places = [_place(len(values), percent) for percent in (50, 95)]
    found = np.partition(values, places)[places]  # a quarter of the time of sorting
    return Spread(
        len(values),
        int(values.min()),
        int(found[0]),
        int(found[1]),
        int(values.max()),
        tuple(values.tolist()) if keep else (),
    )


def latency_summary(turns: Sequence[Turn]) -> LatencySummary:
    """Latency over these turns, in their order."""
    stages = np.full((len(turns), len(MILESTONES)), -1, np.int64)
    for number, turn in enumerate(turns):
        for stage in turn.stages:
            stages[number, _COLUMN[stage.until]] = stage.duration_ns
    return summarise(
        np.array([STATUSES.index(turn.status) for turn in turns], np.uint8),
        np.array([-1 if turn.total_ns is None else turn.total_ns for turn in turns], np.int64),
        stages,
        np.array([turn.clock_suspect for turn in turns], np.bool_),
        np.array([turn.total_since == "transcript" for turn in turns], np.bool_),
    )


def summarise(
    status: NDArray[np.uint8],
    totals: NDArray[np.int64],
    stages: NDArray[np.int64],
    suspect: NDArray[np.bool_],
    from_transcript: NDArray[np.bool_],
    *,
    stage_values: bool = True,
) -> LatencySummary:
    """The same of columns, an entry a turn; a negative duration is none."""
    answered = status == _OK
    sound = answered & ~suspect
    counted = sound & (totals >= 0)
    excluded: dict[str, int] = {
        name: int((status == number).sum()) for number, name in enumerate(STATUSES) if number != _OK
    }
    excluded["clock_suspect"] = int((answered & suspect).sum())
    excluded["unmeasured"] = int((sound & ~counted).sum())
    by_stage = {
        name: spread(column[sound & (column >= 0)], keep=stage_values)
        for name, column in zip(MILESTONES, stages.T, strict=True)
        if name != MILESTONES[0]
    }
    shown = np.where(counted, totals, -1).tolist()
    return LatencySummary(
        turns=len(status),
        counted=int(counted.sum()),
        excluded={name: count for name, count in excluded.items() if count},
        from_transcript=int((counted & from_transcript).sum()),
        total=spread(totals[counted]),
        stages=by_stage,
        totals_ns=tuple(None if total < 0 else total for total in shown),
    )


def histogram(values_ns: Sequence[int], bins: int) -> Histogram:
    """Bins of equal width from the least to the greatest value; one bin where all are equal."""
    if not values_ns or bins < 1:
        return Histogram((), ())
    values: NDArray[Any] = np.asarray(values_ns, np.int64)
    low, high = int(values.min()), int(values.max())
    bins = min(bins, high - low) or 1
    counts = np.bincount(np.minimum((values - low) * bins // max(high - low, 1), bins - 1), minlength=bins)
    # The least whole number that falls into each bin.
    edges = [low + -(-(high - low) * number // bins) for number in range(bins + 1)]
    return Histogram(tuple(edges), tuple(counts.tolist()))


def sparkline(values_ns: Sequence[int | None], width: int) -> tuple[int | None, ...]:
    """At most `width` values, in order: the worst of each stretch, None where a stretch has none."""
    if width < 1 or len(values_ns) <= width:
        return tuple(values_ns[: max(width, 0)])
    edges = [len(values_ns) * number // width for number in range(width + 1)]
    return tuple(
        max((value for value in values_ns[begin:end] if value is not None), default=None)
        for begin, end in pairwise(edges)
    )
