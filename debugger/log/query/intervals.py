"""Whole numbers that a condition allows, as ranges with both ends included."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from backend.wire.query.nodes import Compare, Duration, Moment, Number, OneOf, Range, Scalar, Value
from debugger.log.query.times import DAY

LEAST: Final = -(2**63)
MOST: Final = 2**63 - 1


class Interval(NamedTuple):
    """From `low` to `high`, both included; ``daily``: they count from midnight of each day."""

    low: int
    high: int
    daily: bool = False

    def holds(self, values: NDArray[np.signedinteger] | NDArray[np.unsignedinteger]) -> NDArray[np.bool_]:
        """For each value, whether it is in here."""
        if self.low == self.high:
            return np.asarray(values == self.low)
        if self.low == LEAST:
            return np.asarray(values <= self.high)
        holds = np.asarray(values >= self.low)
        if self.high != MOST:
            holds &= values <= self.high
        return holds


def intervals(condition: Compare | OneOf) -> tuple[Interval, ...]:
    """What a condition on whole numbers, spans or moments allows."""
    if isinstance(condition, OneOf):
        return tuple(one for value in condition.values for one in _equal(value))
    value, operator = condition.value, condition.operator
    if operator == "=" or isinstance(value, Range):
        return _equal(value)
    start, _, daily = _ends(value)
    low, high = (0, DAY - 1) if daily else (LEAST, MOST)
    if operator[0] == ">":
        return (Interval(start + (operator == ">"), high, daily),)
    return (Interval(low, start - (operator == "<"), daily),)


def _equal(value: Value) -> tuple[Interval, ...]:
    if not isinstance(value, Range):
        return (Interval(*_ends(value)),)
    low, _, daily = _ends(value.low)
    _, high, _ = _ends(value.high)
    if low > high:  # over midnight
        return Interval(low, DAY - 1, daily), Interval(0, high, daily)
    return (Interval(low, high, daily),)


def _ends(value: Scalar) -> tuple[int, int, bool]:
    """The first and last number that a value stands for, and whether it does so each day."""
    match value:
        case Moment(ns, width, daily):
            return ns, ns + width - 1, daily
        case Duration(ns):
            return ns, ns, False
        case Number(int(number)):
            return number, number, False
    raise TypeError(f"{value!r} is no whole number")
