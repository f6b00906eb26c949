"""Whole fleets of recordings: one pure function of a partition, run by processes, Dask or Ray.

The result is the same whatever runs it: partitions are put together in the order of their recordings.
"""

from __future__ import annotations

from debugger.fleet.checking import CheckOptions, check_fleet, check_partition
from debugger.fleet.driver import Progress
from debugger.fleet.engines import engine_named

__all__ = ["CheckOptions", "Progress", "check_fleet", "check_partition", "engine_named"]
