"""The event log of the debugger: what happened, in columns, and how to find it again."""

from __future__ import annotations

from backend.wire.query.nodes import MISSING
from debugger.log.columns import NONE, NOT_IN_LOG
from debugger.log.encode import FAMILIES
from debugger.log.eventlog import SYNTHETIC, EventLog
from debugger.log.fields import Path, value_at
from debugger.log.history import Change, FieldSearch, history, last_change, next_change
from debugger.log.interner import ABSENT, Interner
from debugger.log.lines import GONE
from debugger.log.origin import Origin, origin
from debugger.log.playback import Idle, Playback
from debugger.log.query import Query, QueryError, compile_query
from debugger.log.rates import RateMeter
from debugger.log.records import BrokenLine, Header, LogStats, Snapshot
from debugger.log.topology import Edge, Topology

__all__ = [
    "ABSENT",
    "FAMILIES",
    "GONE",
    "MISSING",
    "NONE",
    "NOT_IN_LOG",
    "SYNTHETIC",
    "BrokenLine",
    "Change",
    "Edge",
    "EventLog",
    "FieldSearch",
    "Header",
    "Idle",
    "Interner",
    "LogStats",
    "Origin",
    "Path",
    "Playback",
    "Query",
    "QueryError",
    "RateMeter",
    "Snapshot",
    "Topology",
    "compile_query",
    "history",
    "last_change",
    "next_change",
    "origin",
    "value_at",
]
