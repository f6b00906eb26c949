"""Dicts that are not to grow for ever."""

from __future__ import annotations

from itertools import islice
from typing import Any, Final

_PART: Final = 8


def bounded(known: dict[Any, Any], most: int) -> bool:
    """Of more than `most` entries an eighth goes, the oldest; whether that was so.

    One by one would be slow: to find its first entry a dict goes over all that were taken out before it.
    """
    if len(known) <= most:
        return False
    for key in list(islice(known, most // _PART + 1)):
        del known[key]
    return True
