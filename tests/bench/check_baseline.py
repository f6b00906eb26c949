"""What a program of ten lines does with a recording: read each line, and count. It judges nothing.

``json``: the standard library, each line into dicts. ``msgspec``: each line into a Struct of the event's
fields, payload and state into dicts.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import Any

import msgspec


class Line(msgspec.Struct):
    """An event with all that it may say."""

    timestamp: float
    event_type: str
    component: str
    message_type: str | None = None
    session_id: str | None = None
    user_id: str | None = None
    direction: str = "internal"
    data: dict[str, Any] = {}
    correlation_id: str | None = None
    component_state: dict[str, Any] = {}
    id: str | None = None
    source: str | None = None
    seq: int | None = None
    timestamp_ns: int | None = None
    mono_ns: int | None = None
    cause: str | None = None
    task: str | None = None
    turn: int | None = None
    worker_id: str | None = None
    severity: str = "info"
    reads: list[str] = []
    writes: list[str] = []


def main(way: str, path: str) -> None:
    """Print how many events are of each type."""
    counts: Counter[str] = Counter()
    with open(path, "rb") as file:  # noqa: PTH123 - as such a program does
        if way == "json":
            for line in file:
                counts[json.loads(line)["event_type"]] += 1
        else:
            decode = msgspec.json.Decoder(Line).decode
            for line in file:
                counts[decode(line).event_type] += 1
    print(sum(counts.values()))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
