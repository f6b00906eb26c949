"""The streams, what each is for, and how much each keeps."""

from __future__ import annotations

from typing import Final

from backend.mux.protocol import Limits

EVENTS: Final = "events/v1"
GRAPH: Final = "graph_stream/v1"
TASKS: Final = "tasks/v1"
PLANNER: Final = "planner_log/v1"

LIMITS: Final = {
    EVENTS: Limits(16_384),
    GRAPH: Limits(4_096),
    TASKS: Limits(4_096),
    PLANNER: Limits(4_096),
}
"""How many entries each keeps. At 128 events an entry, `EVENTS` holds two million events of 440 bytes:
0.9 GB at most, which is what a server's ``maxmemory`` has to allow."""
