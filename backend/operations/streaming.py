"""`serve --bus` and `bus gateway`: a tap's way onto the streams, and a gateway's way from them."""

from __future__ import annotations

from backend.mux.gateway import StreamFeed
from backend.mux.sink import BusSink
from backend.operations.health import OK, Check, Condition, degraded
from backend.operations.outlets import Outlet, OutletStats


def outlet_of(sink: BusSink) -> Outlet:
    """The sink in the numbers that every outlet has."""

    def stats() -> OutletStats:
        now = sink.stats
        return OutletStats(now.published, now.waiting, now.dropped, now.reconnects, now.lag, now.problem)

    return Outlet("mux", stats)


def reading(feed: StreamFeed) -> Check:
    """Whether a gateway gets what is on the stream."""

    def check() -> Condition:
        return degraded(feed.problem) if feed.problem else OK

    return check
