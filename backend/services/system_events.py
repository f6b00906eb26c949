"""What the six kinds of system events say, checked at the edge, and what a reader of them gets.

Each kind is the ``data`` of one event. Names that a kind does not know are kept: they are in the event, and
in the ``metadata`` of the `system` dialect, as they were given.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from backend.wire.frames import Severity

Name = Annotated[str, Field(min_length=1, max_length=1000)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]

_SHOWN = 12  # characters of an id in a message for people


class SystemEvent(BaseModel):
    """One event as the `system` dialect has it; a gap in the feed has the type ``gap``.

    ``timestamp`` is in seconds since the epoch; ``metadata`` holds the event's data, component and ids.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    timestamp: float
    type: str
    message: str
    severity: Severity | str
    metadata: dict[str, Any] = {}


class SystemData(BaseModel):
    """The data of one kind of event. ``message_type`` names it; ``None`` is an ``error`` event."""

    model_config = ConfigDict(frozen=True, extra="allow", protected_namespaces=())

    message_type: ClassVar[str | None] = None
    default_component: ClassVar[str] = "main"

    @property
    def told_by(self) -> str:
        """The component in whose name it is told."""
        return self.default_component

    @property
    def told_severity(self) -> Severity:
        """How bad it is, where nobody says so."""
        return "info"

    def told(self) -> str:
        """A line for people, where nobody gives one."""
        raise NotImplementedError

    def payload(self) -> dict[str, Any]:
        """What is recorded: what was given, in the order of the fields, then what else was given."""
        given = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: value for name, value in given.items() if value is not None} | (self.model_extra or {})


class QueryRouteData(SystemData):
    """A query was given to a model. ``complexity_score`` has no upper end; latency is in ms."""

    message_type = "QUERY_ROUTE"
    default_component = "query_router"

    query_id: Name
    complexity_score: Amount | None = None
    selected_tier: Name | None = None
    estimated_latency_ms: Amount | None = None
    routing_reason: str | None = None

    def told(self) -> str:
        """See the base."""
        where = f" to {self.selected_tier}" if self.selected_tier else ""
        why = f": {self.routing_reason}" if self.routing_reason else ""
        return f"query {self.query_id[:_SHOWN]} routed{where}{why}"


class ModelStateData(SystemData):
    """A model server changed its state."""

    message_type = "MODEL_STATE"
    default_component = "model_manager"

    model_id: Name
    previous_state: Name | None = None
    current_state: Name
    reason: str | None = None
    port: Annotated[int, Field(ge=0, le=65_535)] | None = None

    @property
    def told_severity(self) -> Severity:
        """See the base."""
        return "error" if self.current_state.lower() in {"error", "failed", "crashed"} else "info"

    def told(self) -> str:
        """See the base."""
        before = f"{self.previous_state} → " if self.previous_state else ""
        why = f": {self.reason}" if self.reason else ""
        return f"model {self.model_id} {before}{self.current_state}{why}"


class CgragData(SystemData):
    """Context was retrieved for a query. ``relevance_threshold`` goes from 0 to 1, time is in ms."""

    message_type = "CGRAG"
    default_component = "cgrag"

    query_id: Name
    chunks_retrieved: Count
    relevance_threshold: Annotated[float, Field(ge=0, le=1)] | None = None
    retrieval_time_ms: Amount | None = None
    total_tokens: Count | None = None
    cache_hit: bool | None = None

    def told(self) -> str:
        """See the base."""
        took = f" in {self.retrieval_time_ms:g} ms" if self.retrieval_time_ms is not None else ""
        return f"{self.chunks_retrieved} chunks retrieved for query {self.query_id[:_SHOWN]}{took}"


class CacheData(SystemData):
    """A cache was asked, or written to. ``hit`` is for those that look something up; latency is in ms."""

    message_type = "CACHE"
    default_component = "cache"

    operation: Name
    key: Name
    hit: bool | None = None
    latency_ms: Amount | None = None
    size_bytes: Count | None = None

    def told(self) -> str:
        """See the base."""
        found = "" if self.hit is None else ": hit" if self.hit else ": miss"
        return f"cache {self.operation} {self.key}{found}"


class PerformanceData(SystemData):
    """A figure, and the threshold that it is held to."""

    message_type = "PERFORMANCE"
    default_component = "performance"

    metric_name: Name
    current_value: Number
    threshold_value: Number | None = None
    component: Name | None = None
    action_required: bool = False

    @property
    def told_by(self) -> str:
        """See the base."""
        return self.component or self.default_component

    @property
    def told_severity(self) -> Severity:
        """See the base."""
        return "warning" if self.action_required else "info"

    def told(self) -> str:
        """See the base."""
        held_to = f" (threshold {self.threshold_value:g})" if self.threshold_value is not None else ""
        return f"{self.metric_name} is {self.current_value:g}{held_to}"


class ErrorData(SystemData):
    """Something failed, and what was done about it."""

    error_type: Name
    error_message: str
    component: Name | None = None
    stack_trace: str | None = None
    recovery_action: str | None = None

    @property
    def told_by(self) -> str:
        """See the base."""
        return self.component or self.default_component

    @property
    def told_severity(self) -> Severity:
        """See the base."""
        return "error"

    def told(self) -> str:
        """See the base."""
        return f"{self.error_type}: {self.error_message}" if self.error_message else self.error_type
