"""`serve --store`: a tap's way into a store, as an outlet."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from pathlib import Path

from backend.operations.outlets import Outlet, OutletStats
from backend.store import StoreError
from backend.store.child import ChildGoneError
from backend.store.retention import Limits
from backend.store.sink import StoreSink

_NEEDED = ("pyarrow", "duckdb")


async def open_store(folder: Path, limits: Limits, close_seconds: float) -> StoreSink:
    """A sink that stores there. Its process is begun meanwhile, which takes most of a second.

    Raises:
        StoreError: nothing can be written there, or what a store needs is not installed.
    """
    for module in _NEEDED:
        if find_spec(module) is None:
            raise StoreError(
                f"a store needs {module}, which is not installed; "
                'get it with: pip install "doubletalk[store]"'
            )

    def opened() -> StoreSink:
        return StoreSink(folder, limits=limits, close_seconds=close_seconds)

    try:
        return await asyncio.to_thread(opened)
    except ChildGoneError as error:
        raise StoreError(f"cannot store in {folder}: {error}") from None


def limits_of(days: float | None, gigabytes: float | None) -> Limits:
    """How much is kept, as one sets it; None for no limit."""
    return Limits(
        None if days is None else days * 86_400, None if gigabytes is None else round(gigabytes * 10**9)
    )


def outlet_of(sink: StoreSink) -> Outlet:
    """The sink in the numbers that every outlet has."""

    def stats() -> OutletStats:
        now = sink.stats
        return OutletStats(now.stored, now.waiting, now.dropped, now.restarts, now.lag, now.problem)

    return Outlet("store", stats)
