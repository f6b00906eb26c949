"""Sizes and ages as people write them: ``10GB``, ``30d``."""

from __future__ import annotations

import re
from typing import Final

from backend.errors import UserError

_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)i?B?", re.IGNORECASE)
_AGE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|d|w)")
_POWERS: Final = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}
_SECONDS: Final = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def size_of(text: str | None) -> int | None:
    """Bytes, of which ``10GB`` is ten times 2 to the 30; None of None.

    Raises:
        UserError: it is no size.
    """
    if text is None:
        return None
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise UserError(f"{text!r} is no size: write 500MB or 10GB")
    return int(float(found[1]) * 1024 ** _POWERS[found[2].upper()])


def age_of(text: str | None) -> float | None:
    """Seconds; None of None.

    Raises:
        UserError: it is no age.
    """
    if text is None:
        return None
    found = _AGE.fullmatch(text.strip())
    if found is None:
        raise UserError(f"{text!r} is no age: write 12h, 30d or 8w")
    return float(found[1]) * _SECONDS[found[2]]
