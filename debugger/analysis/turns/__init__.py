"""The turns of a conversation: what was said, how long each step took, how it ended."""

from __future__ import annotations

from debugger.analysis.turns.handlers import HandlerTimes, handler_times
from debugger.analysis.turns.index import TurnIndex
from debugger.analysis.turns.latency import histogram, latency_summary, percentile, sparkline
from debugger.analysis.turns.records import (
    MILESTONES,
    STATUSES,
    HandlerTime,
    Histogram,
    LatencySummary,
    Milestone,
    Spread,
    Stage,
    Status,
    Turn,
    to_json,
)

__all__ = [
    "MILESTONES",
    "STATUSES",
    "HandlerTime",
    "HandlerTimes",
    "Histogram",
    "LatencySummary",
    "Milestone",
    "Spread",
    "Stage",
    "Status",
    "Turn",
    "TurnIndex",
    "handler_times",
    "histogram",
    "latency_summary",
    "percentile",
    "sparkline",
    "to_json",
]
