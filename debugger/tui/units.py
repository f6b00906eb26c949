"""Times, spans and counts as people read them. Nothing here reads a clock."""

from __future__ import annotations

import time
from typing import Final

from debugger.durations import span

__all__ = ["clock_time", "count", "rate", "span", "speed", "times"]

_NS = 1_000_000_000
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
