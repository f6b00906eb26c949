"""The event log of the debugger: what happened, in columns, and how to find it again."""

from __future__ import annotations

from debugger.log.columns import NONE, NOT_IN_LOG
from debugger.log.encode import FAMILIES
from debugger.log.eventlog import GONE, SYNTHETIC, EventLog
from debugger.log.interner import ABSENT, Interner
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
    "Header",
    "Interner",
    "LogStats",
    "Snapshot",
    "Topology",
]
