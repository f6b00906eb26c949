"""Garbage is collected in small pieces, and the whole of it while nobody looks.

What is painted is full of cycles, some thousand objects a second, so that without a collector memory grows.
Python's own thresholds, or much higher ones, mean pauses of 40 to 100 ms in the middle of a key.
"""

from __future__ import annotations

import gc
import time
from typing import Final

_THRESHOLDS: Final = (4_000, 6, 1_000)
"""Some 4 ms for new objects, 6 ms for those of six such times; all of them almost never by itself."""

_WHOLE_AFTER: Final = 20
"""Collections of the middle generation, after which a look at everything is worth while."""

_LONG_SECONDS: Final = 0.03

_LEAST_FROZEN: Final = 50_000
"""Objects from which on a look at everything can take so long."""


def calm_collector() -> None:
    """Spare the collector what is there by now, which lives for ever."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)


def collect_at_rest() -> None:
    """Look at everything, if that is due. Call it when nobody has pressed a key for a while."""
    if gc.get_count()[2] < _WHOLE_AFTER:
        return
    began = time.perf_counter()
    gc.collect()
    # What has grown so large stays: an index, not what was painted. A cycle that is frozen and goes after
    # all is never collected: so this is done only when there is twice as much as at the last time.
    if time.perf_counter() - began > _LONG_SECONDS:
        survivors = len(gc.get_objects(generation=2))
        if survivors > max(gc.get_freeze_count(), _LEAST_FROZEN):
            gc.freeze()
