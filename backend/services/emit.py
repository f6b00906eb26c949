"""One helper for each kind of system event: to be called from anywhere, and forgotten.

They emit to the bus that `backend.services.set_event_bus` names, return at once and never raise: an argument
that is not possible, or no bus, is logged once. ``await`` may stand before them; it waits for nothing.
What else is given by name is kept in the event's data. ``severity``, ``message``, ``session_id`` and
``user_id`` are those of `EventBus.emit`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec

from backend.services.event_bus import Sent, get_event_bus, not_taken
from backend.services.system_events import (
    CacheData,
    CgragData,
    ErrorData,
    ModelStateData,
    PerformanceData,
    QueryRouteData,
    SystemData,
)

P = ParamSpec("P")

_OF_THE_EVENT = ("severity", "message", "session_id", "user_id")


def _never_raises(helper: Callable[P, Sent]) -> Callable[P, Sent]:
    @functools.wraps(helper)
    def emit(*args: P.args, **kwargs: P.kwargs) -> Sent:
        try:
            return helper(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - who only wants to tell something must never fail by it
            bus, name = get_event_bus(), getattr(helper, "__name__", "emit")
            return not_taken(name, error) if bus is None else bus.reject(name, error)

    return emit


def _emit(kind: type[SystemData], fields: dict[str, Any], more: dict[str, Any]) -> Sent:
    bus = get_event_bus()
    if bus is None:
        raise RuntimeError("no event bus is running: `async with EventBus(...)` comes first")
    of_event = {name: more.pop(name) for name in _OF_THE_EVENT if name in more}
    return bus.emit(kind.model_validate(fields | more), **of_event)


@_never_raises
def emit_query_route_event(
    query_id: str,
    complexity_score: float | None = None,
    selected_tier: str | None = None,
    estimated_latency_ms: float | None = None,
    routing_reason: str | None = None,
    **more: Any,
) -> Sent:
    """A query was given to a model."""
    fields = {
        "query_id": query_id,
        "complexity_score": complexity_score,
        "selected_tier": selected_tier,
        "estimated_latency_ms": estimated_latency_ms,
        "routing_reason": routing_reason,
    }
    return _emit(QueryRouteData, fields, more)


@_never_raises
def emit_model_state_event(
    model_id: str,
    previous_state: str | None = None,
    current_state: str | None = None,
    reason: str | None = None,
    port: int | None = None,
    **more: Any,
) -> Sent:
    """A model server changed its state, which is an error where ``current_state`` is one."""
    fields = {
        "model_id": model_id,
        "previous_state": previous_state,
        "current_state": current_state,
        "reason": reason,
        "port": port,
    }
    return _emit(ModelStateData, fields, more)


@_never_raises
def emit_cgrag_event(
    query_id: str,
    chunks_retrieved: int,
    relevance_threshold: float | None = None,
    retrieval_time_ms: float | None = None,
    total_tokens: int | None = None,
    cache_hit: bool | None = None,
    **more: Any,
) -> Sent:
    """Context was retrieved for a query."""
    fields = {
        "query_id": query_id,
        "chunks_retrieved": chunks_retrieved,
        "relevance_threshold": relevance_threshold,
        "retrieval_time_ms": retrieval_time_ms,
        "total_tokens": total_tokens,
        "cache_hit": cache_hit,
    }
    return _emit(CgragData, fields, more)


@_never_raises
def emit_cache_event(
    operation: str,
    key: str,
    hit: bool | None = None,
    latency_ms: float | None = None,
    size_bytes: int | None = None,
    **more: Any,
) -> Sent:
    """A cache was asked, or written to."""
    fields = {
        "operation": operation,
        "key": key,
        "hit": hit,
        "latency_ms": latency_ms,
        "size_bytes": size_bytes,
    }
    return _emit(CacheData, fields, more)


@_never_raises
def emit_performance_event(
    metric_name: str,
    current_value: float,
    threshold_value: float | None = None,
    component: str | None = None,
    action_required: bool = False,
    **more: Any,
) -> Sent:
    """A figure, and its threshold: a warning where ``action_required``."""
    fields = {
        "metric_name": metric_name,
        "current_value": current_value,
        "threshold_value": threshold_value,
        "component": component,
        "action_required": action_required,
    }
    return _emit(PerformanceData, fields, more)


@_never_raises
def emit_error_event(
    error_type: str,
    error_message: str = "",
    component: str | None = None,
    stack_trace: str | None = None,
    recovery_action: str | None = None,
    **more: Any,
) -> Sent:
    """Something failed, and what was done about it."""
    fields = {
        "error_type": error_type,
        "error_message": error_message,
        "component": component,
        "stack_trace": stack_trace,
        "recovery_action": recovery_action,
    }
    return _emit(ErrorData, fields, more)
