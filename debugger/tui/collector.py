"""Garbage is collected in small pieces, and the whole of it while nobody looks.

What is painted has cycles, some hundred objects a second, so that without a collector memory grows.
Python's own thresholds, or much higher ones, mean pauses of 40 to 100 ms in the middle of a key.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys
import time
from typing import Final

_THRESHOLDS: Final = (40_000, 10, 1_000)
"""By itself the collector comes only where nobody calls it; all objects it almost never looks at."""

_NEW, _MIDDLE = 2_000, 3
"""Objects that are new: some 2 ms, on a slow machine 4. So many times these: some 3 ms, or 8."""

REST_SECONDS: Final = 2.0
"""After so long without a key, nobody notices that all garbage is collected."""

_WHOLE_AFTER: Final = 16
"""Collections of the middle generation, after which a look at everything is worth while: with a busy feed
each 100 seconds. With five times as many it was 25 MB that only that look found."""

_LONG_SECONDS: Final = 0.03

_GIVE_BACK_SECONDS: Final = 5.0
"""How often pages go back to the system, of a session at rest: a few ms. Holes grew by 10 MB in minutes."""

_LEAST_FROZEN: Final = 50_000
"""Objects from which on a look at everything can take so long."""


class _Given:
    """When pages were given back last."""

    at = 0.0


_given = _Given()


def calm_collector() -> None:
    """Spare the collector what is there by now, which lives for ever."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)


def collect_between(calm_seconds: float) -> None:
    """Look at what is due. Call it when all is painted; the last key was pressed `calm_seconds` ago."""
    new, middle, old = gc.get_count()
    calm = calm_seconds > REST_SECONDS
    if calm and time.monotonic() - _given.at > _GIVE_BACK_SECONDS:
        _give_back()
    elif calm and old >= _WHOLE_AFTER:
        _collect_all()
    elif middle >= _MIDDLE:
        gc.collect(1)
    elif new >= _NEW:
        gc.collect(0)


def _collect_all() -> None:
    began = time.perf_counter()
    gc.collect()
    # What has grown so large stays: an index, not what was painted. A cycle that is frozen and goes after
    # all is never collected: so this is done only when there is twice as much as at the last time.
    if time.perf_counter() - began > _LONG_SECONDS:
        survivors = len(gc.get_objects(generation=2))
        if survivors > max(gc.get_freeze_count(), _LEAST_FROZEN):
            gc.freeze()
    _give_back()


def _give_back() -> None:
    """Pages between what is still in use go back to the system. By itself the C library keeps them.

    It is some 10 MB of holes where compressed lines were, and takes a few ms.
    """
    _given.at = time.monotonic()
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library than glibc
            ctypes.CDLL(None).malloc_trim(0)
