"""Times, spans and counts as people read them. Nothing here reads a clock."""

from __future__ import annotations

import time
from typing import Final

_NS = 1_000_000_000
_MINUTE = 60 * _NS
_HOUR = 60 * _MINUTE
_SCALES: Final = (
    # below this many ns, divided by, with digits, in
    (1_000, 1, 0, "ns"),
    (100_000, 1_000, 1, "µs"),
    (1_000_000, 1_000, 0, "µs"),
    (100_000_000, 1_000_000, 1, "ms"),
    (_NS, 1_000_000, 0, "ms"),
    (100 * _NS, _NS, 2, "s"),
    (10 * _MINUTE, _NS, 0, "s"),
    (10 * _HOUR, _MINUTE, 0, "min"),
)
_THOUSAND = 1_000
_WHOLE = 100_000  # counts up to here are written out
_FAST = 10

UNKNOWN_TIME: Final = "--:--:--.---"


def clock_time(timestamp_ns: int, *, digits: int = 3) -> str:
    """``HH:MM:SS.mmm`` in the local time zone; dashes for what is no time of this world."""
    seconds, rest = divmod(timestamp_ns, _NS)
    try:
        local = time.localtime(seconds)
    except (OverflowError, ValueError, OSError):
        return UNKNOWN_TIME
    return f"{local.tm_hour:02}:{local.tm_min:02}:{local.tm_sec:02}.{rest:09}"[: 9 + digits]


def span(ns: int) -> str:
    """A duration in at most seven characters, such as ``1.4ms``, ``-12µs``, ``3.21s``."""
    size = abs(ns)
    sign = "-" if ns < 0 else ""
    for limit, divisor, digits, unit in _SCALES:
        if size < limit:
            return f"{sign}{size / divisor:.{digits}f}{unit}"
    return f"{sign}{size / _HOUR:.0f}h" if size < 10_000 * _HOUR else f"{sign}∞"


def count(number: int) -> str:
    """A count in at most six characters: ``99999``, ``123k``, ``4.5M``."""
    if number < _WHOLE:
        return str(number)
    if number < _THOUSAND * _THOUSAND:
        return f"{number // _THOUSAND}k"
    return f"{number / _THOUSAND / _THOUSAND:.1f}M"


def rate(per_second: float) -> str:
    """Events a second, such as ``0.3/s``, ``42/s``, ``12.5k/s``."""
    if per_second <= 0:
        return "0/s"
    if per_second < _FAST:
        return f"{per_second:.1f}/s"
    if per_second < _FAST * _THOUSAND:
        return f"{per_second:.0f}/s"
    return f"{per_second / _THOUSAND:.1f}k/s"


def speed(factor: float) -> str:
    """A playback speed: the factor and a multiplication sign."""
    return f"{factor:g}\N{MULTIPLICATION SIGN}"


def times(number: int) -> str:
    """How often: the number and a multiplication sign."""
    return f"{number:,}\N{MULTIPLICATION SIGN}"
