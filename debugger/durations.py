"""How a duration is written, wherever one is: in summaries, findings, panes and tables."""

from __future__ import annotations

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


def span(ns: int) -> str:
    """A duration in at most seven characters, such as ``1.4ms``, ``-12µs``, ``3.21s``."""
    size = abs(ns)
    sign = "-" if ns < 0 else ""
    for limit, divisor, digits, unit in _SCALES:
        if size < limit:
            return f"{sign}{size / divisor:.{digits}f}{unit}"
    return f"{sign}{size / _HOUR:.0f}h" if size < 10_000 * _HOUR else f"{sign}∞"
