"""The event log of the debugger: what happened, in columns, and how to find it again."""

from __future__ import annotations

from debugger.log.columns import NONE, NOT_IN_LOG
from debugger.log.encode import FAMILIES
from debugger.log.eventlog import GONE, SYNTHETIC, EventLog
from debugger.log.filters import Filter, FilterError, compile_filter
from debugger.log.interner import ABSENT, Interner
from debugger.log.playback import Idle, Playback
from debugger.log.rates import RateMeter
from debugger.log.records import BrokenLine, Header, LogStats, Snapshot
from debugger.log.topology import Edge, Topology

__all__ = [
    "ABSENT",
    "FAMILIES",
    "GONE",
    "NONE",
    "NOT_IN_LOG",
    "SYNTHETIC",
    "BrokenLine",
    "Edge",
    "EventLog",
    "Filter",
    "FilterError",
    "Header",
    "Idle",
    "Interner",
    "LogStats",
    "Playback",
    "RateMeter",
    "Snapshot",
    "Topology",
    "compile_filter",
]
