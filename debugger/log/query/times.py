"""Spans and moments as people write them, to nanoseconds."""

from __future__ import annotations

import datetime as dt
import re
from fractions import Fraction
from typing import Final

from backend.wire.query.nodes import Moment

SECOND: Final = 1_000_000_000
DAY: Final = 86_400 * SECOND

UNITS: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,  # the Greek letter, which keyboards give too
    "ms": 1_000_000,
    "s": SECOND,
    "m": 60 * SECOND,
    "min": 60 * SECOND,
    "h": 3_600 * SECOND,
}
_SPAN: Final = re.compile(rf"(-?[0-9]{{1,18}}(?:\.[0-9]{{1,18}})?)({'|'.join(UNITS)})")
_CLOCK: Final = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(?:\.([0-9]{1,9}))?)?")
_ISO: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ]([0-9]{2}:[0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?",
    re.IGNORECASE,
)
_EPOCH: Final = re.compile(r"([0-9]{9,11})(?:\.([0-9]{1,9}))?")


def span(text: str) -> int | None:
    """``200ms`` in ns; None for what is none, or ends within a nanosecond."""
    found = _SPAN.fullmatch(text.lower())
    if found is None:
        return None
    exact = Fraction(found[1]) * UNITS[found[2]]
    return exact.numerator if exact.denominator == 1 else None


def moment(text: str) -> Moment | None:
    """A clock time, a date, a date and a time, or seconds since the epoch; None for what is none.

    Where no zone is given, local time is meant.
    """
    if clock := _CLOCK.fullmatch(text):
        minutes = int(clock[1]) * 60 + int(clock[2])
        ns = (minutes * 60 + int(clock[3] or 0)) * SECOND + _fraction(clock[4])
        return Moment(ns, _width(clock[3], clock[4]), daily=True)
    if epoch := _EPOCH.fullmatch(text):
        return Moment(int(epoch[1]) * SECOND + _fraction(epoch[2]), _width("s", epoch[2]))
    iso = _ISO.fullmatch(text)
    try:
        return _iso(iso) if iso is not None else None
    except (ValueError, OverflowError, OSError):  # the 31st of February, the year 0
        return None


def _iso(found: re.Match[str]) -> Moment:
    date, minute, second, fraction, zone = found.groups()
    if minute is None:
        day = dt.datetime.fromisoformat(date)
        start, end = _epoch_ns(day), _epoch_ns(day + dt.timedelta(days=1))
        return Moment(start, end - start)
    zone = (zone or "").upper().replace("Z", "+00:00")
    whole = dt.datetime.fromisoformat(f"{date}T{minute}:{second or '00'}{zone}")
    return Moment(_epoch_ns(whole) + _fraction(fraction), _width(second, fraction))


def _epoch_ns(whole: dt.datetime) -> int:
    return round(whole.timestamp()) * SECOND


def _fraction(digits: str | None) -> int:
    return int((digits or "0").ljust(9, "0"))


def _width(second: str | None, fraction: str | None) -> int:
    """What is left open by a time that was written up to its minute, second or digit."""
    if second is None:
        return 60 * SECOND
    return SECOND // int("1".ljust(len(fraction or "") + 1, "0"))
