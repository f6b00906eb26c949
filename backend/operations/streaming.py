"""`serve --bus`: a tap's way onto the streams, as an outlet."""

from __future__ import annotations

from backend.mux.sink import BusSink
from backend.operations.outlets import Outlet, OutletStats


def outlet_of(sink: BusSink) -> Outlet:
    """The sink in the numbers that every outlet has."""

    def stats() -> OutletStats:
        now = sink.stats
        return OutletStats(now.published, now.waiting, now.dropped, now.reconnects, now.lag, now.problem)

    return Outlet("mux", stats)
