"""The EventBus service: typed system events for programs that only want to say what happens.

    async with EventBus("my-app") as bus:
        emit_cache_event("get", "greeting", hit=True)
        async for event in bus.subscribe(types=("cache",), severity="warning"):
            ...

A thin layer over `backend.tap`: numbering, history, broadcast and bounded subscribers are the tap's and
the hub's, so what is emitted here is in the same feed, recording and store as everything else.
"""

from __future__ import annotations

from backend.services.emit import (
    emit_cache_event,
    emit_cgrag_event,
    emit_error_event,
    emit_model_state_event,
    emit_performance_event,
    emit_query_route_event,
)
from backend.services.event_bus import BusStats, EventBus, Sent, get_event_bus, set_event_bus
from backend.services.subscription import SubscriberDroppedError, Subscription
from backend.services.system_events import (
    CacheData,
    CgragData,
    ErrorData,
    ModelStateData,
    PerformanceData,
    QueryRouteData,
    SystemData,
    SystemEvent,
)

__all__ = [
    "BusStats",
    "CacheData",
    "CgragData",
    "ErrorData",
    "EventBus",
    "ModelStateData",
    "PerformanceData",
    "QueryRouteData",
    "Sent",
    "SubscriberDroppedError",
    "Subscription",
    "SystemData",
    "SystemEvent",
    "emit_cache_event",
    "emit_cgrag_event",
    "emit_error_event",
    "emit_model_state_event",
    "emit_performance_event",
    "emit_query_route_event",
    "get_event_bus",
    "set_event_bus",
]
